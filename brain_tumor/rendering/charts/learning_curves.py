"""Cost and scores over the epochs, as the report's figures 2 and 5 show them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from brain_tumor.rendering.charts.style import dress, legend_below, line, new_figure

History = Mapping[str, Sequence[float | None]]
Run = tuple[str, Sequence[int], History]  # label, epochs, and what `learning_curves` draws

PARTS = {"train": "training", "val": "validation", "test": "test"}
FEW_POINTS = 25  # so few are drawn as points too


def learning_curves(history: History, epochs: Sequence[int], title: str) -> Figure:
    """Draw cost and accuracy of each part over the epochs, side by side.

    The history holds columns of `metrics.csv` by name, one value per epoch: None where a part was
    not scored in an epoch, which its line passes over, and NaN where a value is none, which breaks
    it.
    """
    parts = [part for part in PARTS if f"{part}/loss" in history or f"{part}/accuracy" in history]
    figure = new_figure(7.2, 3.2, title)
    for axes, (measure, label) in zip(
        figure.subplots(1, 2), (("loss", "cost"), ("accuracy", "accuracy")), strict=True
    ):
        for number, part in enumerate(parts):
            if f"{part}/{measure}" in history:
                _draw(axes, epochs, history[f"{part}/{measure}"], number, 1.4, PARTS[part])
        _over_epochs(axes, label)
    legend_below(figure, [Line2D([], [], label=PARTS[p], **line(i)) for i, p in enumerate(parts)])
    return figure


def compared_curves(runs: Sequence[Run], title: str) -> Figure:
    """Draw cost and balanced accuracy of several runs over the epochs, a row for each part.

    Runs of one label, the folds or seeds of a setting, have one colour.
    """
    measures = {"loss": "cost", "balanced_accuracy": "balanced accuracy"}
    named = {name for _, _, history in runs for name in history}
    parts = [part for part in PARTS if any(f"{part}/{measure}" in named for measure in measures)]
    counts = Counter(label for label, _, _ in runs)
    numbers = {label: number for number, label in enumerate(counts)}
    figure = new_figure(7.2, 0.8 + 2.1 * len(parts) + 0.2 * len(numbers), title)
    grid = figure.subplots(len(parts), 2, sharex=True, sharey="col", squeeze=False)
    for row, part in zip(grid, parts, strict=True):
        for axes, measure in zip(row, measures, strict=True):
            for label, epochs, history in runs:
                if f"{part}/{measure}" in history:
                    width = 1.4 if counts[label] == 1 else 0.9
                    _draw(axes, epochs, history[f"{part}/{measure}"], numbers[label], width, label)
    # Only now: rows share the scale of their cost and of their accuracy.
    for row, part in zip(grid, parts, strict=True):
        for axes, name in zip(row, measures.values(), strict=True):
            _over_epochs(axes, name, PARTS[part], last=part == parts[-1])
    legend_below(
        figure,
        [
            Line2D([], [], label=label if many == 1 else f"{label} ({many} runs)", **line(number))
            for number, (label, many) in enumerate(counts.items())
        ],
    )
    return figure


def _draw(
    axes: Axes,
    epochs: Sequence[int],
    values: Sequence[float | None],
    number: int,
    width: float,
    label: str,
) -> None:
    known = [point for point in zip(epochs, values, strict=True) if point[1] is not None]
    points: npt.NDArray[np.float64] = np.array(known, float).reshape(-1, 2)
    look = {"marker": "o" if len(known) <= FEW_POINTS else "", **line(number)}
    axes.plot(*points.T, linewidth=width, markersize=2 + width, label=label, **look)


def _over_epochs(axes: Axes, label: str, title: str = "", last: bool = True) -> None:
    dress(axes, "epoch" if last else "", label, title)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if label == "cost":
        axes.set_ylim(bottom=0)
    else:
        axes.set_ylim(top=1)
