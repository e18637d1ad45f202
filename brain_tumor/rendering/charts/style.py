"""How charts look: colours, sizes of words, thin lines, and legends that cover nothing."""

import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Told apart in every common form of colour blindness (Okabe and Ito, 2008, "Color universal
# design", jfly.uni-koeln.de/color). Their yellow is too pale for lines on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", ":")

DOTS_PER_INCH = 150

INK = "#222222"
SOFT = "#666666"  # what stands behind the data: chance, a diagonal, ends of a range
GRID = "#e4e4e4"

# Points, for a figure that is printed 7 inches wide, and still read at half of that on a screen.
TITLE, LABEL, TICK = 11, 10, 9

# Inches of a legend's entry: its sample, a character of its label, a line of that.
_SAMPLE, _CHARACTER, _LINE = 0.7, 0.083, 0.16

_LEGEND: dict[str, Any] = {"frameon": False, "fontsize": TICK, "labelcolor": INK}


def line(number: int) -> dict[str, Any]:
    """Give colour and dashes of the line of that number, from 0.

    A class has its place in the list of classes as its number, so that it looks the same in every
    figure. The seven colours are gone through solid, dashed and dotted; after 21 they repeat.

    >>> line(1), line(8)
    ({'color': '#D55E00', 'linestyle': '-'}, {'color': '#D55E00', 'linestyle': '--'})
    """
    turn, place = divmod(number, len(COLOURS))
    return {"color": COLOURS[place], "linestyle": DASHES[turn % len(DASHES)]}


def new_figure(width: float, height: float, title: str) -> Figure:
    """Start a figure, its size in inches; a title too long for one line is broken."""
    title = "\n".join(textwrap.wrap(title, int(width / 0.105)))  # inches of a bold character
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=TITLE, fontweight="bold", color=INK)
    return figure


def dress(axes: Axes, x: str = "", y: str = "", title: str = "") -> None:
    """Give axes their labels and the common look: two spines, a pale grid behind the data."""
    axes.set_xlabel(x, fontsize=LABEL, color=INK)
    axes.set_ylabel(y, fontsize=LABEL, color=INK)
    axes.set_title(title, loc="left", fontsize=LABEL, color=INK)
    axes.tick_params(labelsize=TICK, color=SOFT, labelcolor=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(SOFT)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)


def legend(figure: Figure, handles: Sequence[Artist], title: str = "") -> None:
    """Put a legend to the right of all axes, where it can cover nothing."""
    figure.legend(
        handles=handles,
        loc="outside right center",
        title=title,
        title_fontsize=TICK,
        alignment="left",
        **_LEGEND,
    )


def legend_below(figure: Figure, handles: Sequence[Artist]) -> None:
    """Put a legend below all axes, in as many columns as its longest label leaves room for.

    A label that is too long for one line is broken, and the figure made higher by what it takes.
    """
    room = int((figure.get_figwidth() - _SAMPLE) / _CHARACTER)
    for handle in handles:
        lines = textwrap.wrap(str(handle.get_label()), room)
        handle.set_label("\n".join(lines))
        figure.set_figheight(figure.get_figheight() + _LINE * max(0, len(lines) - 1))
    longest = max(len(str(handle.get_label())) for handle in handles)
    columns = int(figure.get_figwidth() / (_SAMPLE + _CHARACTER * longest))
    columns = max(1, min(columns, len(handles)))
    figure.legend(handles=handles, loc="outside lower left", ncols=columns, **_LEGEND)
