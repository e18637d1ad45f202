"""Figures as files that are the same, byte for byte, whenever and wherever they are drawn."""

import io
from collections.abc import Callable

from matplotlib import rc_context
from matplotlib.figure import Figure

from brain_tumor.rendering.charts.style import DOTS_PER_INCH

Write = Callable[[str, bytes], None]  # takes a file's name and its content


def save_figure(figure: Figure, write: Write, name: str) -> bytes:
    """Write a figure as `<name>.png` (150 dots to the inch) and as `<name>.svg`.

    Neither file tells the date or the version of a program, and names inside the SVG do not
    depend on chance. Words in it are outlines: they look the same where the font is missing. The
    layout is worked out here and then kept. `write` is such as `RunFolder.write`.

    Returns:
        The content of the PNG file.
    """
    settle(figure)
    png, svg = io.BytesIO(), io.BytesIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "brain_tumor"}):
        figure.savefig(png, dpi=DOTS_PER_INCH, format="png", metadata={"Software": None})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    write(f"{name}.png", png.getvalue())
    write(f"{name}.svg", svg.getvalue())
    return png.getvalue()


def settle(figure: Figure) -> None:
    """Work out a figure's layout and keep it, as every drawing would move it by a hair.

    At the density of its PNG file: at another one, words are a little wider or narrower.
    """
    figure.set_dpi(DOTS_PER_INCH)
    for _ in range(3):  # each time it comes nearer to where nothing is cut off
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
