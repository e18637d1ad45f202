"""The pictures of a comparison, drawn from the predictions of whole settings."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.settings import RunGroup
from brain_tumor.data.split import TEST
from brain_tumor.evaluate.figures import probability_figures
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.metrics.curves import risk_coverage
from brain_tumor.rendering.charts.figures import confusion_figure
from brain_tumor.rendering.charts.learning_curves import compared_curves
from brain_tumor.rendering.charts.risk_coverage import risk_coverage_figure
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.rendering.charts.style import INK, dress, legend_below, line, new_figure
from brain_tumor.runs.finished import class_numbers
from brain_tumor.runs.folder import RunFolder

Point = tuple[str, int, int, float, float, float]

LARGEST = 500.0  # area of the largest marker in square points
SMALLEST = 8.0  # below it a marker would not be seen


def draw_comparison(
    out: RunFolder, gathered: Sequence[RunGroup], comparison: Comparison, scoring: ScoringSettings
) -> dict[str, bytes]:
    """Draw everything into `figures/`, as PNG and SVG; and give the PNG files by name."""
    settings = comparison.settings
    if not settings:
        return {}
    figures: dict[str, Figure] = {}
    risks = {}
    for members, setting in zip(gathered, settings, strict=True):
        number, title, scores = setting.number, setting.title, setting.pooled.scores
        tests = [run.predictions[TEST] for run in members]
        labels = np.concatenate([class_numbers(one.labels, scores.classes) for one in tests])
        logits = np.concatenate([one.logits for one in tests])
        figures[f"confusion_{number}"] = confusion_figure(scores.confusion, scores.classes, title)
        steps = {"as trained": logits}
        temperatures = [run.temperature for run in setting.runs if run.temperature is not None]
        if len(temperatures) == len(tests):
            each = [one.logits / own for one, own in zip(tests, temperatures, strict=True)]
            steps["after temperature"] = np.concatenate(each)
        drawn = probability_figures(labels, steps, scores.classes, scoring.bins, title)
        figures |= {f"{name}_{number}": figure for name, figure in drawn.items()}
        risk = risk_coverage(labels, logits)
        risks[title] = (risk.coverage, risk.risk)
    figures["risk_coverage"] = risk_coverage_figure(risks, "test scans")
    runs = [
        (setting.title, [int(epoch or 0) for epoch in run.history["epoch"]], run.history)
        for setting, members in zip(settings, gathered, strict=True)
        for run in members
        if run.history
    ]
    if runs:
        figures["curves"] = compared_curves(runs, "runs side by side")
    points = [point for setting in settings if (point := _point(setting)) is not None]
    if points:
        figures["complexity"] = complexity_figure(points, "test scans")
    return {name: save_figure(figure, out.write_figure, name) for name, figure in figures.items()}


def complexity_figure(points: Sequence[Point], title: str) -> Figure:
    """Draw accuracy against multiplications, a disc for each network.

    A point is a network's label, multiply-accumulates of a scan, parameters, accuracy, and the
    lower and upper end of its interval. The area of a disc is proportional to the parameters. The
    seven colours of a legend repeat after seven.
    """
    figure = new_figure(7.0, 4.2, title)
    axes = figure.subplots()
    dress(
        axes,
        "multiply-accumulates per scan (billions)",
        "accuracy",
        "in brackets, and as the area of the discs: parameters",
    )
    _, across, sizes, up, low_ends, high_ends = zip(*points, strict=True)
    areas = np.maximum(LARGEST * np.array(sizes) / max(sizes), SMALLEST)
    ends = np.abs([np.subtract(up, low_ends), np.subtract(high_ends, up)])
    axes.errorbar(across, up, ends, fmt="none", ecolor=INK, elinewidth=1, capsize=3, zorder=3)
    colours = [line(number)["color"] for number in range(len(points))]
    axes.scatter(across, up, areas, color=colours, edgecolor=INK, alpha=0.6, zorder=2)
    axes.set_xscale("log")
    axes.set_xlim(min(across) / 3, max(across) * 3)
    margin = max(0.15 * (max(high_ends) - min(low_ends)), 0.01)
    axes.set_ylim(max(min(low_ends) - margin, 0), min(max(high_ends) + margin, 1.005))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e9:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markersize=9,
            color=line(number)["color"],
            label=f"{label} ({_amount(parameters)})",
        )
        for number, (label, _, parameters, *_) in enumerate(points)
    ]
    legend_below(figure, handles)
    return figure


def _point(setting: PooledRunGroup) -> Point | None:
    cost, found = setting.complexity, setting.pooled.intervals.overall["accuracy"]
    if cost is None or found is None:
        return None
    counts = (cost.multiply_accumulates, cost.parameters)
    return (setting.title, *counts, found.value, found.low, found.high)


def _amount(number: int) -> str:
    """Write a number of parameters.

    >>> _amount(8_415_796), _amount(82_244), _amount(310)
    ('8.4 M', '82 k', '310')
    """
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            digits = 1 if number < 10 * size else 0
            return f"{number / size:.{digits}f} {unit}"
    return str(number)
