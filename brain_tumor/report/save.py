"""Figures as files that are the same, byte for byte, whenever and wherever they are drawn."""

from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from brain_tumor.report.style import DOTS_PER_INCH


def save_figure(figure: Figure, folder: Path, name: str) -> bytes:
    """Write a figure as `<name>.png` (150 dots to the inch) and as `<name>.svg`.

    Neither file tells the date or the version of a program, and names inside the SVG do not
    depend on chance. Words in it are outlines: they look the same where the font is missing. The
    layout is worked out here and then kept.

    Args:
        figure: What to write.
        folder: Where; it must exist.
        name: File name without its ending.

    Returns:
        The content of the PNG file.
    """
    settle(figure)
    png, svg = folder / f"{name}.png", folder / f"{name}.svg"
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "brain_tumor"}):
        figure.savefig(png, dpi=DOTS_PER_INCH, metadata={"Software": None})
        figure.savefig(svg, metadata={"Date": None, "Creator": None})
    return png.read_bytes()


def settle(figure: Figure) -> None:
    """Work out a figure's layout and keep it, as every drawing would move it by a hair.

    At the density of its PNG file: at another one, words are a little wider or narrower.
    """
    figure.set_dpi(DOTS_PER_INCH)
    for _ in range(3):  # each time it comes nearer to where nothing is cut off
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
