"""What a network can tell apart at any threshold: ROC and precision-recall curves."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from brain_tumor.rendering.charts.style import SOFT, dress, legend, line, new_figure

NEAR = 0.95  # areas from which all that differs lies in a corner, which is then drawn enlarged
CORNER = 0.2  # its side


Points = npt.NDArray[np.float64]  # `(P,)`, in [0, 1]
# By class, in their order: x, y and the area; None where a curve is not defined, as for a class
# without scans.
Curves = Mapping[str, tuple[Points, Points, float] | None]


def roc_figure(curves: Curves, title: str) -> Figure:
    """Draw receiver operating characteristics of each class against the others.

    x is the false positive rate (1 - specificity), y the true positive rate (recall). Where every
    area is 0.95 or more, the corner in which they differ is drawn enlarged beside.
    """
    figure = _draw(curves, title, ("false positive rate", "true positive rate"), (0, CORNER))
    for axes in figure.axes:
        axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1, zorder=1)
    chance = Line2D([], [], color=SOFT, linestyle="--", linewidth=1, label="chance 0.500")
    legend(figure, [*_entries(curves), chance], "area under the curve")
    return figure


def precision_recall_figure(curves: Curves, title: str) -> Figure:
    """Draw precision against recall of each class, as steps.

    A straight line between two points would promise a precision that no threshold has (Davis and
    Goadrich, 2006, doi 10.1145/1143844.1143874). Where every area is 0.95 or more, the corner in
    which the curves differ is drawn enlarged beside. x is the recall, falling, y the precision, the
    area the average precision.
    """
    # A point's precision holds from its recall down to the next lower one.
    figure = _draw(curves, title, ("recall", "precision"), (1 - CORNER, 1), "steps-post")
    legend(figure, _entries(curves), "average precision")
    return figure


def _draw(
    curves: Curves,
    title: str,
    labels: tuple[str, str],
    corner: tuple[float, float],
    drawstyle: str = "default",
) -> Figure:
    enlarged = min((curve[2] for curve in curves.values() if curve is not None), default=0) >= NEAR
    figure = new_figure(8.4 if enlarged else 5.7, 3.5, title)
    complete, *rest = figure.subplots(1, 1 + enlarged, squeeze=False)[0]
    for axes in (complete, *rest):
        for number, curve in enumerate(curves.values()):
            if curve is not None:
                look = {"linewidth": 1.6, "drawstyle": drawstyle, **line(number)}
                axes.plot(*curve[:2], clip_on=axes is not complete, **look)
        axes.set_box_aspect(1)
    dress(complete, *labels)
    complete.set(xlim=(0, 1), ylim=(0, 1))
    for axes in rest:
        dress(axes, *labels, "the corner, enlarged")
        axes.set(xlim=corner, ylim=(1 - CORNER, 1))
        axes.locator_params(nbins=5)
    return figure


def _entries(curves: Curves) -> list[Artist]:
    return [
        Line2D([], [], linestyle="", label=f"{name}: not defined")
        if curve is None
        else Line2D([], [], linewidth=1.6, label=f"{name} {curve[2]:.3f}", **line(number))
        for number, (name, curve) in enumerate(curves.items())
    ]
