"""Our time as a share of each peer's, and how small it was to be."""

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.results import Benchmark
from benchmarks.tables import measured_ratios
from brain_tumor.rendering.charts.style import (
    COLOURS,
    INK,
    SOFT,
    TICK,
    dress,
    legend_below,
    new_figure,
)

ROW = 0.52  # inches


def ratio_figure(found: Benchmark) -> Figure | None:
    """Draw a bar for each ratio, its spread over the rounds, and its target; None without any."""
    ratios = list(measured_ratios(found))
    if not ratios:
        return None
    figure = new_figure(8.0, 1.5 + ROW * len(ratios), "Our time as a share of the peer's")
    axes = figure.subplots()
    dress(axes, "ours / peer (ratio of medians; line: smallest to largest within a round)")
    for place, (_, _, ratio, row) in enumerate(ratios):
        colour = COLOURS[1] if row.met is False else COLOURS[0]
        axes.barh(place, ratio.median, height=0.5, color=colour)
        axes.hlines(place, ratio.low, ratio.high, color=INK, linewidth=1)
        if row.target is not None:
            axes.vlines(
                row.target, place - 0.38, place + 0.38, color=INK, linestyle=":", linewidth=2
            )
    axes.axvline(1, color=SOFT, linewidth=1)
    words = [f"{what}\nbeside {peer}" for what, peer, *_ in ratios]
    axes.set_yticks(range(len(ratios)), words, fontsize=TICK - 2)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    handles = [
        Line2D([], [], color=COLOURS[0], linewidth=6, label="target met, or none"),
        Line2D([], [], color=COLOURS[1], linewidth=6, label="target missed"),
        Line2D([], [], color=INK, linestyle=":", linewidth=2, label="target"),
        Line2D([], [], color=SOFT, linewidth=1, label="as fast as the peer"),
    ]
    legend_below(figure, handles)
    return figure
