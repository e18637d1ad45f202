"""The pictures of a comparison, drawn from the predictions of whole settings."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.page.cost_figure import Point, complexity_figure
from brain_tumor.compare.settings import RunGroup
from brain_tumor.data.split import TEST
from brain_tumor.evaluate.figures import probability_figures
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.metrics.curves import risk_coverage
from brain_tumor.rendering.charts.figures import confusion_figure
from brain_tumor.rendering.charts.learning_curves import compared_curves
from brain_tumor.rendering.charts.risk_coverage import risk_coverage_figure
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.runs.finished import class_numbers
from brain_tumor.runs.folder import RunFolder


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


def _point(setting: PooledRunGroup) -> Point | None:
    cost, found = setting.complexity, setting.pooled.intervals.overall["accuracy"]
    if cost is None or found is None:
        return None
    counts = (cost.multiply_accumulates, cost.parameters)
    return (setting.title, *counts, found.value, found.low, found.high)
