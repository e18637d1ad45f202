"""Cost and scores over the epochs, as the report's figures 2 and 5 show them."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from brain_tumor.rendering.charts.style import dress, legend_below, line, new_figure

History = Mapping[str, Sequence[float | None]]
Run = tuple[str, Sequence[int], History]

PARTS = {"train": "training", "val": "validation", "test": "test"}
FEW_POINTS = 25  # so few are drawn as points too


def learning_curves(history: History, epochs: Sequence[int], title: str) -> Figure:
    """Draw cost and accuracy over the epochs, side by side.

    Args:
        history: Columns of `metrics.csv` by name, one value per epoch; None where a part was not
            scored in an epoch, which its line passes over, and NaN where a value is none, which
            breaks it. `<part>/loss` and `<part>/accuracy` of every part are drawn.
        epochs: Number of each epoch.
        title: What was trained.

    Raises:
        ValueError: Nothing to draw, or a column has not one value per epoch.
    """
    _check(history, epochs, title)
    parts = [part for part in PARTS if f"{part}/loss" in history or f"{part}/accuracy" in history]
    if not parts:
        raise ValueError(f"no loss and no accuracy of any part in {title!r}: {list(history)}")
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

    Args:
        runs: Label, epochs and history of each, the latter two as for `learning_curves`. Runs of
            one label, the folds or seeds of a setting, have one colour.
        title: What is compared.

    Raises:
        ValueError: Nothing to draw, or a column has not one value per epoch.
    """
    for label, epochs, history in runs:
        _check(history, epochs, label)
    measures = {"loss": "cost", "balanced_accuracy": "balanced accuracy"}
    named = {name for _, _, history in runs for name in history}
    parts = [part for part in PARTS if any(f"{part}/{measure}" in named for measure in measures)]
    if not parts:
        raise ValueError(f"no run in {title!r} has a loss or a balanced accuracy")
    labels = [label for label, _, _ in runs]
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    figure = new_figure(7.2, 0.8 + 2.1 * len(parts) + 0.2 * len(numbers), title)
    grid = figure.subplots(len(parts), 2, sharex=True, sharey="col", squeeze=False)
    for row, part in zip(grid, parts, strict=True):
        for axes, measure in zip(row, measures, strict=True):
            for label, epochs, history in runs:
                if f"{part}/{measure}" in history:
                    width = 1.4 if labels.count(label) == 1 else 0.9
                    _draw(axes, epochs, history[f"{part}/{measure}"], numbers[label], width, label)
    # Only now: rows share the scale of their cost and of their accuracy.
    for row, part in zip(grid, parts, strict=True):
        for axes, name in zip(row, measures.values(), strict=True):
            _over_epochs(axes, name, PARTS[part], last=part == parts[-1])
    legend_below(
        figure,
        [
            Line2D([], [], label=_counted(label, labels.count(label)), **line(number))
            for label, number in numbers.items()
        ],
    )
    return figure


def _check(history: History, epochs: Sequence[int], what: str) -> None:
    for name, values in history.items():
        if len(values) != len(epochs):
            raise ValueError(f"{len(values)} values of {name} for {len(epochs)} epochs in {what!r}")


def _draw(
    axes: Axes,
    epochs: Sequence[int],
    values: Sequence[float | None],
    number: int,
    width: float,
    label: str,
) -> None:
    known = [
        (epoch, value) for epoch, value in zip(epochs, values, strict=True) if value is not None
    ]
    points: npt.NDArray[np.float64] = np.array(known, float).reshape(-1, 2)
    marker = "o" if len(known) <= FEW_POINTS else ""
    axes.plot(
        *points.T, linewidth=width, marker=marker, markersize=2 + width, label=label, **line(number)
    )


def _over_epochs(axes: Axes, label: str, title: str = "", last: bool = True) -> None:
    dress(axes, "epoch" if last else "", label, title)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if label == "cost":
        axes.set_ylim(bottom=0)
    else:
        axes.set_ylim(top=1)


def _counted(label: str, runs: int) -> str:
    return label if runs == 1 else f"{label} ({runs} runs)"
