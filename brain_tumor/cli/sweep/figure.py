"""Scores over the one value that a sweep changes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from brain_tumor.rendering.charts.learning_curves import PARTS
from brain_tumor.rendering.charts.style import dress, legend_below, line, new_figure

Points = Sequence[tuple[float, float]]
WIDE = 8.0  # values that far apart, as a ratio, are drawn on a logarithmic axis


def sweep_figure(points: Mapping[str, Mapping[str, Points]], key: str, title: str) -> Figure:
    """Draw scores over a configured value: a point for each run, a line through their means.

    `points` has value and score of each run, by score, then by part (`train`, `val`, `test`);
    ValueError where there is nothing to draw.
    """
    drawn = {name: parts for name, parts in points.items() if any(parts.values())}
    if not drawn:
        raise ValueError(f"no score to draw in {title!r}")
    parts = [part for part in PARTS if any(part in provided for provided in drawn.values())]
    figure = new_figure(3.6 * len(drawn), 3.4, title)
    row = figure.subplots(1, len(drawn), squeeze=False)[0]
    for axes, (name, provided) in zip(row, drawn.items(), strict=True):
        for part in provided:
            _draw(axes, provided[part], parts.index(part))
        dress(axes, key, name)
        _over_values(axes, sorted({x for own in provided.values() for x, _ in own}))
    legend_below(figure, [Line2D([], [], label=PARTS[p], **line(i)) for i, p in enumerate(parts)])
    return figure


def _draw(axes: Axes, points: Points, number: int) -> None:
    marker = line(number)
    values = sorted({x for x, _ in points})
    means = [np.mean([y for x, y in points if x == value]) for value in values]
    axes.plot(values, means, linewidth=1.4, **marker)
    axes.plot(*np.array(points).T, "o", markersize=4, alpha=0.8, color=marker["color"])


def _over_values(axes: Axes, values: Sequence[float]) -> None:
    if values[0] > 0 and values[-1] / values[0] >= WIDE:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
    if len(values) <= 8:
        axes.set_xticks(values, [f"{value:g}" for value in values])
