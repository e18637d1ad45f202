"""Labels beside the points of a chart, placed so that they cover nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from brain_tumor.rendering.charts.style import INK, SOFT, TICK

Values = npt.NDArray[np.float64]

# Where a label may stand beside its disc, the best first: to the right, and so on; and how far from
# it, in points. From the second distance on, a line leads to it.
TOWARD = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
GAPS = (4.0, 16.0, 30.0, 48.0, 70.0)

# What a point of a line to a label costs, in square pixels of a label that covers something.
THROUGH_LABEL, THROUGH_DISC = 100, 5


@dataclass(frozen=True)
class Disc:
    """A disc with an upright interval through it, and its label.

    Attributes:
        label: What stands beside it.
        x: Its centre, in the units of the axes, as are the next three.
        y: Its centre.
        low: Lower end of the interval.
        high: Upper end.
        radius: In points.
    """

    label: str
    x: float
    y: float
    low: float
    high: float
    radius: float


@dataclass(frozen=True)
class _Drawn:
    """A disc as it is drawn; all in pixels.

    Attributes:
        centre: `(2,)`.
        radius: Of the disc.
        below: How far the interval reaches down from the centre.
        above: How far it reaches up.
    """

    centre: Values
    radius: float
    below: float
    above: float

    def boxes(self, cap: float) -> tuple[Bbox, Bbox]:
        """Give what is covered by the disc, and by the interval with its caps."""
        x, y = self.centre
        interval = Bbox.from_extents(x - cap, y - self.below, x + cap, y + self.above)
        return Bbox([self.centre - self.radius, self.centre + self.radius]), interval


@dataclass(frozen=True)
class _Place:
    """Where a label may stand; all in pixels.

    Attributes:
        box: What it covers.
        leader: Points of the line to its disc, `(P, 2)`; none where it stands beside it.
    """

    box: Bbox
    leader: Values


def label_discs(axes: Axes, discs: Sequence[Disc]) -> None:
    """Label discs so that labels cover no disc, no interval, and not one another.

    One after the other gets the best place that is left, which serves for eight or so. The axes
    must have their limits and all else that takes room beside them.

    Args:
        axes: Where the discs are drawn.
        discs: All of them.

    Raises:
        ValueError: The axes belong to no figure.
    """
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ValueError("axes without a figure have no room for labels")
    notes = [_note(axes, disc) for disc in discs]
    figure.draw_without_rendering()  # sizes of words, and where the axes lie, are known from here
    pixel = figure.dpi / 72  # pixels to a point
    drawn = [_drawn(axes, disc, pixel) for disc in discs]
    taken = [box for one in drawn for box in one.boxes(cap=4 * pixel)]
    labels: list[Bbox] = []
    leaders = np.empty((0, 2))
    for one, note in zip(drawn, notes, strict=True):
        size = np.array(note.get_window_extent().size)
        places = [
            _place(one, size, toward, gap * pixel, far=gap > GAPS[0])
            for gap, toward in product(GAPS, TOWARD)
        ]
        best = min(places, key=lambda place: _cost(place, axes.bbox, taken, labels, leaders))
        across, up = (best.box.get_points().mean(axis=0) - one.centre) / pixel
        note.set_position((across, up))
        if len(best.leader):
            ends = axes.transData.inverted().transform(best.leader[[0, -1]])
            axes.plot(*ends.T, color=SOFT, linewidth=0.8, zorder=1)
        labels.append(best.box)
        leaders = np.concatenate((leaders, best.leader))


def _note(axes: Axes, disc: Disc) -> Annotation:
    note = axes.annotate(
        disc.label,
        (disc.x, disc.y),
        (0, 0),
        textcoords="offset points",
        fontsize=TICK,
        color=INK,
        ha="center",
        va="center",
    )
    note.set_in_layout(False)  # the axes keep their place whatever the labels do
    return note


def _drawn(axes: Axes, disc: Disc, pixel: float) -> _Drawn:
    points = [(disc.x, y) for y in (disc.y, disc.low, disc.high)]
    centre, low, high = axes.transData.transform(points)
    return _Drawn(centre, disc.radius * pixel, centre[1] - low[1], high[1] - centre[1])


def _place(one: _Drawn, size: Values, toward: tuple[int, int], gap: float, far: bool) -> _Place:
    # Above and below, the interval may end farther out than the disc.
    ends = {(0, 1): one.above, (0, -1): one.below}
    edge = max(one.radius, ends.get(toward, 0))
    # Along a diagonal less, as it goes both ways.
    step = (edge + gap) / (1 if 0 in toward else 1.6)
    middle = one.centre + np.array(toward) * (step + size / 2)
    box = Bbox([middle - size / 2, middle + size / 2])
    if not far:
        return _Place(box, np.empty((0, 2)))
    points = np.linspace(one.centre, np.clip(one.centre, box.min, box.max), 40)
    return _Place(box, points[np.hypot(*(points - one.centre).T) > edge])


def _cost(
    place: _Place, inside: Bbox, taken: Sequence[Bbox], labels: Sequence[Bbox], leaders: Values
) -> float:
    """Give what of a label would cover or be covered, in square pixels."""
    box = place.box
    within = Bbox.intersection(box, inside)
    cost = box.width * box.height - (within.width * within.height if within else 0)
    for other in (*taken, *labels):
        common = Bbox.intersection(box, other)
        cost += common.width * common.height if common else 0
    cost += THROUGH_LABEL * box.count_contains(leaders)
    cost += THROUGH_LABEL * sum(other.count_contains(place.leader) for other in labels)
    cost += THROUGH_DISC * sum(other.count_contains(place.leader) for other in taken)
    return float(cost)
