"""The objective of a study over its trials, and by each value that was tried."""

import math
from collections.abc import Collection, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullFormatter

from brain_tumor.rendering.charts.style import COLOURS, SOFT, dress, legend_below, new_figure
from brain_tumor.tune.tables import FINISHED, PRUNED, StudyTrial, shown_value

COLUMNS = 3
_POINT: dict[str, dict[str, Any]] = {
    FINISHED: {"color": COLOURS[0], "marker": "o", "markersize": 5},
    PRUNED: {"color": COLOURS[4], "marker": "x", "markersize": 6, "markeredgewidth": 1.5},
}
_BEST: dict[str, Any] = {"color": COLOURS[1], "marker": "*", "markersize": 13}


def study_figure(
    trials: Sequence[StudyTrial],
    objective: str,
    minimised: bool,
    logarithmic: Collection[str],
    title: str,
) -> Figure:
    """Draw a study: one panel over the trials, and one for each value that was tried.

    A trial stands at its best epoch's score, also one that was pruned; those without a score are
    left out. The best finished trial is starred.

    Args:
        trials: By number.
        objective: Name of the score.
        minimised: Whether it is to be small.
        logarithmic: Keys whose axis is logarithmic.
        title: What was searched.

    Raises:
        ValueError: No trial has a score.
    """
    drawn = [t for t in trials if t.state in _POINT and t.value is not None]
    if not drawn:
        raise ValueError(f"no trial of {title!r} has a score")
    finished = [trial for trial in drawn if trial.state == FINISHED]
    sign = 1 if minimised else -1
    best = min(finished, key=lambda trial: (sign * _score(trial), trial.number), default=None)
    keys = list(dict.fromkeys(key for trial in drawn for key in trial.values))
    rows = math.ceil((1 + len(keys)) / COLUMNS)
    figure = new_figure(9.6, 1.0 + 2.5 * rows, title)
    grid = figure.subplots(rows, COLUMNS, sharey=True, squeeze=False).flatten()
    for axes in grid[1 + len(keys) :]:
        axes.remove()
    first = grid[0]
    _draw(first, drawn, [trial.number for trial in drawn], best)
    if finished:
        sofar = [_score(finished[0])]
        for trial in finished[1:]:
            sofar.append(min(sofar[-1], _score(trial), key=lambda value: sign * value))
        numbers = [trial.number for trial in finished]
        first.step(numbers, sofar, where="post", color=SOFT, linewidth=1, zorder=1)
    dress(first, "trial", objective)
    first.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    for place, (axes, key) in enumerate(zip(grid[1:], keys, strict=False), start=1):
        _by_value(axes, [trial for trial in drawn if key in trial.values], key, best)
        dress(axes, key, "" if place % COLUMNS else objective)
        if key in logarithmic:
            axes.set_xscale("log")
            # Over less than a power of ten matplotlib would name every tick, one over the other.
            axes.xaxis.set_minor_formatter(NullFormatter())
            values = [trial.values[key] for trial in drawn if key in trial.values]
            axes.set_xlim(*_whole_powers(min(values), max(values)))
    states = [state for state in _POINT if any(trial.state == state for trial in drawn)]
    handles = [Line2D([], [], linestyle="", label=state, **_POINT[state]) for state in states]
    if best:
        handles.append(Line2D([], [], linestyle="", label=f"best, trial {best.number}", **_BEST))
    if finished:
        handles.append(Line2D([], [], color=SOFT, linewidth=1, label="best so far"))
    legend_below(figure, handles)
    return figure


def _score(trial: StudyTrial) -> float:
    if trial.value is None:
        raise ValueError(f"trial {trial.number} has no score")
    return trial.value


def _whole_powers(low: float, high: float) -> tuple[float, float]:
    """Give the powers of ten between which two positive numbers lie, and a little more.

    >>> [round(math.log10(end), 1) for end in _whole_powers(0.0002, 0.003)]
    [-4.1, -1.9]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return 10 ** (first - 0.1), 10 ** (max(last, first + 1) + 0.1)


def _draw(
    axes: Axes, trials: Sequence[StudyTrial], places: Sequence[Any], best: StudyTrial | None
) -> None:
    for trial, place in zip(trials, places, strict=True):
        axes.plot([place], [_score(trial)], linestyle="", **_POINT[trial.state])
    for trial, place in zip(trials, places, strict=True):
        if trial is best:
            axes.plot([place], [_score(trial)], linestyle="", zorder=3, **_BEST)


def _by_value(axes: Axes, trials: Sequence[StudyTrial], key: str, best: StudyTrial | None) -> None:
    values = [trial.values[key] for trial in trials]
    if all(isinstance(value, float) for value in values):
        _draw(axes, trials, values, best)
        return
    # Categories, and whole numbers: each its own place, in order, however far apart they are.
    numeric = all(type(value) in (int, float) for value in values)
    types = sorted(set(values)) if numeric else list(dict.fromkeys(values))
    _draw(axes, trials, [types.index(value) for value in values], best)
    axes.set_xticks(range(len(types)), [shown_value(kind) for kind in types])
    axes.set_xlim(-0.5, len(types) - 0.5)
