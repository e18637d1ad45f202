"""What is left of a score on corrupted scans, as a table and as a figure."""

import math
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from brain_tumor.metrics.robustness import Robustness
from brain_tumor.rendering.charts.style import COLOURS, SOFT, dress, legend_below, new_figure
from brain_tumor.rendering.numbers import format_interval, format_score
from brain_tumor.rendering.page import DataTable
from brain_tumor.runs.results.robustness import RobustnessResult

COLUMNS = 7
_OWN: dict[str, Any] = {"color": COLOURS[0], "marker": "o", "markersize": 3.5, "linewidth": 1.4}
_MEAN: dict[str, Any] = {"color": SOFT, "linewidth": 1}
_CHANCE: dict[str, Any] = {"color": SOFT, "linewidth": 1, "linestyle": ":"}


def robustness_table(result: RobustnessResult, title: str) -> DataTable:
    """Lay out balanced accuracy by corruption and strength."""
    scores = result.scores
    strengths = range(1, len(scores.by_strength) + 1)
    rows = [
        [
            name,
            format_score(scores.clean.value),
            *map(format_score, found.balanced_accuracy),
            format_interval(found.mean),
        ]
        for name, found in scores.corruptions.items()
    ]
    each = map(format_score, scores.by_strength)
    rows.append(["all", format_interval(scores.clean), *each, format_interval(scores.mean)])
    note = (
        f"Balanced accuracy of {scores.scans:,} scans, clean and at five strengths of each "
        f"corruption. In brackets {100 * result.bootstrap.level:g} % intervals from "
        f"{scores.groups:,} resampled groups of scans. Lost on average: "
        f"{format_interval(scores.lost)}."
    )
    columns = ["corruption", "clean", *map(str, strengths), "mean"]
    return DataTable(title, columns, rows, note, sections=[len(rows) - 1])


def robustness_figure(scores: Robustness, chance: float, title: str) -> Figure:
    """Draw balanced accuracy over the strength, a panel for each corruption, worst loss first.

    `chance` is the balanced accuracy of guessing, in [0, 1].
    """
    clean = scores.clean.value
    found = sorted(scores.corruptions.items(), key=lambda item: item[1].mean.value)
    rows = math.ceil(len(found) / COLUMNS)
    figure = new_figure(10.4, 1.0 + 1.8 * rows, title)
    grid = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).flatten()
    for axes in grid[len(found) :]:
        axes.remove()
    strengths = range(len(scores.by_strength) + 1)
    mean = [clean, *scores.by_strength]
    for place, (axes, (name, own)) in enumerate(zip(grid, found, strict=False)):
        axes.axhline(chance, **_CHANCE)
        axes.plot(strengths, mean, **_MEAN)
        axes.plot(strengths, [clean, *own.balanced_accuracy], **_OWN)
        last_row = place + COLUMNS >= len(found)
        dress(
            axes,
            "strength" if last_row else "",
            "" if place % COLUMNS else "balanced accuracy",
            name,
        )
        axes.set_xticks(strengths)
        axes.tick_params(labelbottom=last_row)
        axes.set_ylim(0, 1.02)
    legend_below(
        figure,
        [
            Line2D([], [], label="this corruption; strength 0 is the clean scan", **_OWN),
            Line2D([], [], label="mean over all", **_MEAN),
            Line2D([], [], label="guessing", **_CHANCE),
        ],
    )
    return figure
