"""What a network can tell apart at any threshold: ROC and precision-recall curves."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from brain_tumor.rendering.charts.style import SOFT, dress, legend, line, new_figure

NEAR = 0.95  # areas from which all that differs lies in a corner, which is then drawn enlarged
CORNER = 0.2  # its side


class Curve(Protocol):
    """A curve and the area under it."""

    @property
    def x(self) -> npt.NDArray[np.float64]:
        """False positive rates, or recalls; `(P,)`, in [0, 1]."""

    @property
    def y(self) -> npt.NDArray[np.float64]:
        """True positive rates, or precisions; `(P,)`, in [0, 1]."""

    @property
    def area(self) -> float:
        """Area under the curve, or average precision; in [0, 1]."""


Curves = Mapping[str, Curve | None]


def roc_figure(curves: Curves, title: str) -> Figure:
    """Draw receiver operating characteristics of each class against the others.

    Where every area is 0.95 or more, the corner in which they differ is drawn enlarged beside.

    Args:
        curves: Per class, in the order of the classes: x the false positive rate (1 -
            specificity), y the true positive rate (recall); None where it is not defined, as for a
            class without scans.
        title: Which network on which scans.

    Raises:
        ValueError: There is no class, or x and y of a curve are not of one length.
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
    which the curves differ is drawn enlarged beside.

    Args:
        curves: Per class, in the order of the classes: x the recall, y the precision, area the
            average precision; None where it is not defined.
        title: Which network on which scans.

    Raises:
        ValueError: There is no class, or x and y of a curve are not of one length.
    """
    figure = _draw(curves, title, ("recall", "precision"), (1 - CORNER, 1), steps=True)
    legend(figure, _entries(curves), "average precision")
    return figure


def _draw(
    curves: Curves,
    title: str,
    labels: tuple[str, str],
    corner: tuple[float, float],
    steps: bool = False,
) -> Figure:
    for name, curve in curves.items():
        if curve is not None and len(curve.x) != len(curve.y):
            raise ValueError(f"{len(curve.x)} x and {len(curve.y)} y of {name} in {title!r}")
    areas = [curve.area for curve in curves.values() if curve is not None]
    if not curves:
        raise ValueError(f"no class to draw a curve of in {title!r}")
    enlarged = bool(areas) and min(areas) >= NEAR
    figure = new_figure(8.4 if enlarged else 5.7, 3.5, title)
    complete, *rest = figure.subplots(1, 1 + enlarged, squeeze=False)[0]
    for axes in (complete, *rest):
        for number, curve in enumerate(curves.values()):
            if curve is not None:
                axes.plot(
                    curve.x,
                    curve.y,
                    linewidth=1.6,
                    drawstyle=_steps(curve) if steps else "default",
                    clip_on=axes is not complete,
                    **line(number),
                )
        axes.set_box_aspect(1)
    dress(complete, *labels)
    complete.set(xlim=(0, 1), ylim=(0, 1))
    for axes in rest:
        dress(axes, *labels, "the corner, enlarged")
        axes.set(xlim=corner, ylim=(1 - CORNER, 1))
        axes.locator_params(nbins=5)
    return figure


def _steps(curve: Curve) -> str:
    # A point's precision holds from its recall down to the next lower one, in whichever order
    # the points are given.
    return "steps-pre" if curve.x[0] <= curve.x[-1] else "steps-post"


def _entries(curves: Curves) -> list[Artist]:
    return [
        Line2D([], [], linestyle="", label=f"{name}: not defined")
        if curve is None
        else Line2D([], [], linewidth=1.6, label=f"{name} {curve.area:.3f}", **line(number))
        for number, (name, curve) in enumerate(curves.items())
    ]
