"""How sure a network is, against how often it is right."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from brain_tumor.rendering.charts.style import COLOURS, INK, SOFT, dress, legend, new_figure

ACCURACY: dict[str, Any] = {"facecolor": "#A6D3F0", "edgecolor": COLOURS[0], "linewidth": 0.8}
GAP: dict[str, Any] = {
    "facecolor": "none",
    "edgecolor": COLOURS[1],
    "linewidth": 0.8,
    "hatch": "////",
}


# Lower and upper end of a range of confidences, its scans, and their mean confidence and accuracy,
# which are None where there are no scans.
Bin = tuple[float, float, int, float | None, float | None]


def reliability_figure(panels: Mapping[str, Sequence[Bin]], title: str) -> Figure:
    """Draw reliability diagrams side by side, each above its histogram of confidences.

    A bar is as high as the accuracy of the scans in its range; the hatched gap reaches to their
    mean confidence, and is nothing where probabilities are right (DeGroot and Fienberg, 1983, doi
    10.2307/2987588; Guo et al., 2017, arXiv 1706.04599, figure 1).

    Ranges are by what they show, such as `as trained` and `after temperature scaling`.
    """
    figure = new_figure(2.1 + 2.9 * len(panels), 4.4, title)
    grid = figure.subplots(
        2, len(panels), squeeze=False, sharex=True, sharey="row", height_ratios=(3.2, 1)
    )
    for column, (name, bins) in enumerate(panels.items()):
        first = column == 0
        upper, lower = grid[:, column]
        _diagram(upper, bins)
        dress(upper, "", "accuracy" if first else "", name)
        lows, highs, scans, *_ = zip(*bins, strict=True)
        lower.bar(lows, scans, np.subtract(highs, lows), align="edge", log=True, **ACCURACY)
        lower.set_ylim(bottom=0.7)  # a single scan is seen
        lower.yaxis.set_major_locator(LogLocator(numticks=9))
        lower.yaxis.set_major_formatter(FuncFormatter(lambda scans, _: f"{scans:,.0f}"))
        lower.yaxis.set_minor_locator(NullLocator())
        dress(lower, "confidence", "scans (log)" if first else "")
    legend(
        figure,
        [
            Patch(label="accuracy", **ACCURACY),
            Line2D([], [], color=INK, linewidth=1.2, label="mean confidence"),
            Patch(label="gap between them", **GAP),
            Line2D([], [], color=SOFT, linestyle="--", linewidth=1, label="no gap"),
        ],
    )
    return figure


def _diagram(axes: Axes, bins: Sequence[Bin]) -> None:
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1, zorder=3)
    for low, high, _, confidence, accuracy in bins:
        if accuracy is None or confidence is None:
            continue
        axes.bar(low, accuracy, high - low, align="edge", **ACCURACY)
        axes.bar(low, confidence - accuracy, high - low, accuracy, align="edge", **GAP)
        axes.hlines(confidence, low, high, color=INK, linewidth=1.2, zorder=4)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
