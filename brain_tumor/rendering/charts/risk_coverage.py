"""What is gained where a network may leave the scans that it is least sure of to a reader."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from brain_tumor.rendering.charts.style import dress, legend_below, line, new_figure

Values = Sequence[float] | npt.NDArray[np.float64]


def risk_coverage_figure(curves: Mapping[str, tuple[Values, Values]], title: str) -> Figure:
    """Draw how many scans are predicted wrong among those that a network is surest of.

    Curves are by label: coverage (share of the scans that are kept, the surest first) and risk
    (share of these predicted wrong), both in [0, 1] (El-Yaniv and Wiener, 2010, "On the foundations
    of noise-free selective classification", JMLR 11). A dot marks the risk of all scans.
    """
    figure = new_figure(6.4, 3.4 + 0.2 * len(curves), title)
    axes = figure.subplots()
    for number, (label, (coverage, risk)) in enumerate(curves.items()):
        (drawn,) = axes.plot(coverage, risk, linewidth=1.6, label=label, **line(number))
        last, colour = (coverage[-1:], risk[-1:]), drawn.get_color()
        axes.plot(*last, "o", markersize=5, clip_on=False, color=colour)
    dress(axes, "coverage (share of scans kept)", "risk (share of those wrong)")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    legend_below(figure, axes.get_legend_handles_labels()[0])
    return figure
