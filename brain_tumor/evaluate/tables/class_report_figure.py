"""A classification report as a picture."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from brain_tumor.evaluate.tables.class_report import COLUMNS
from brain_tumor.rendering.charts.style import DOTS_PER_INCH, INK, LABEL, TITLE
from brain_tumor.rendering.page import DataTable

HEADINGS = ("Class", "Precision", "Recall", "F1 Score", "Scan Number")  # the report's

# Inches.
MARGIN, BETWEEN, ROW = 0.12, 0.3, 0.27


def class_report_figure(table: DataTable) -> Figure:
    """Draw a classification report, its columns headed as in the report's tables 1 to 4.

    Args:
        table: As `class_report` gives it.

    Raises:
        ValueError: It has other columns.
    """
    if tuple(table.columns) != COLUMNS:
        raise ValueError(f"{table.title!r} is no class report: {list(table.columns)}")
    figure = Figure(dpi=DOTS_PER_INCH)
    title = _words(figure, table.title, TITLE, bold=True)
    lines = [[_words(figure, cell, bold=True) for cell in HEADINGS]]
    lines += [[_words(figure, cell) for cell in row] for row in table.rows]

    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    right = max(sum(widths) + BETWEEN * (len(widths) - 1), _width(title))
    height = MARGIN * 2 + ROW * (len(lines) + 1.3)
    figure.set_size_inches(right + 2 * MARGIN, height)
    title.set_position((MARGIN, height - MARGIN - 0.5 * ROW))
    top = height - MARGIN - 1.3 * ROW
    for number, line in enumerate(lines):
        at = MARGIN
        for place, (words, width) in enumerate(zip(line, widths, strict=True)):
            words.set_horizontalalignment("left" if place == 0 else "right")
            words.set_position((at + (0 if place == 0 else width), top - ROW * (number + 0.5)))
            at += width + BETWEEN
    # Above and below the heads, above each group of rows, and below all.
    for row, thickness in ((0, 1.2), (1, 0.8), *((1 + s, 0.8) for s in table.sections)):
        _rule(figure, (MARGIN, right + MARGIN), top - ROW * row, thickness)
    _rule(figure, (MARGIN, right + MARGIN), top - ROW * len(lines), 1.2)
    return figure


def _words(figure: Figure, words: str, size: float = LABEL, bold: bool = False) -> Text:
    return figure.text(
        0,
        0,
        words,
        fontsize=size,
        fontweight="bold" if bold else "normal",
        color=INK,
        va="center_baseline",
        transform=figure.dpi_scale_trans,
        parse_math=False,
    )


def _width(words: Text) -> float:
    figure = words.get_figure(root=True)
    # A little more: at other densities the same words are up to 2 % wider.
    return 1.03 * words.get_window_extent().width / figure.dpi if figure is not None else 0.0


def _rule(figure: Figure, ends: Sequence[float], height: float, thickness: float) -> None:
    line = Line2D(
        ends, [height] * 2, color=INK, linewidth=thickness, transform=figure.dpi_scale_trans
    )
    figure.add_artist(line)
