"""The pictures of a comparison, drawn from the predictions of whole settings."""

from collections.abc import Sequence
from typing import Any

from brain_tumor.compare.errors import error_sheet
from brain_tumor.compare.page.cost_figure import complexity_figure
from brain_tumor.compare.page.tables import setting_title
from brain_tumor.compare.pooled_scores import calibrated_tests
from brain_tumor.compare.settings import RunGroup
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.metrics.calibration import reliability
from brain_tumor.metrics.curves import precision_recall, risk_coverage, roc
from brain_tumor.rendering.charts.figures import confusion_figure
from brain_tumor.rendering.charts.learning_curves import compared_curves
from brain_tumor.rendering.charts.reliability import reliability_figure
from brain_tumor.rendering.charts.risk_coverage import risk_coverage_figure
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.rendering.charts.threshold_curves import precision_recall_figure, roc_figure
from brain_tumor.runs.folder import RunFolder

Record = dict[str, Any]


def draw_comparison(
    out: RunFolder, gathered: Sequence[RunGroup], content: Record, scoring: ScoringSettings
) -> dict[str, bytes]:
    """Draw everything into `figures/`, as PNG and SVG.

    Args:
        out: Where it goes.
        gathered: The runs of each setting.
        content: The content of `comparison.json`.
        scoring: In how many bins calibration is shown.

    Returns:
        Each picture as a PNG file, by its name without the ending.
    """
    settings = content["settings"]
    if not settings:
        return {}
    titles = [setting_title(setting, number) for number, setting in enumerate(settings, 1)]
    figures = {}
    risks = {}
    for number, (members, setting) in enumerate(zip(gathered, settings, strict=True), 1):
        scores, title = setting["pooled"]["scores"], titles[number - 1]
        classes = scores["classes"]
        calibrated = calibrated_tests(members, scoring)
        figures[f"confusion_{number}"] = confusion_figure(scores["confusion"], classes, title)
        bins = {"as trained": reliability(calibrated.labels, calibrated.logits, scoring.bins)}
        if calibrated.calibrated is not None:
            bins["after temperature"] = reliability(
                calibrated.labels, calibrated.calibrated, scoring.bins
            )
        figures[f"reliability_{number}"] = reliability_figure(bins, title)
        for name, curve, draw in (
            ("roc", roc, roc_figure),
            ("precision_recall", precision_recall, precision_recall_figure),
        ):
            curves = {
                label: curve(calibrated.labels, calibrated.logits, place)
                for place, label in enumerate(classes)
            }
            figures[f"{name}_{number}"] = draw(curves, title)
        risk = risk_coverage(calibrated.labels, calibrated.logits)
        risks[title] = (risk.coverage, risk.risk)
    figures["risk_coverage"] = risk_coverage_figure(risks, "test scans")
    runs = [
        (titles[number], [int(epoch or 0) for epoch in run.history["epoch"]], run.history)
        for number, members in enumerate(gathered)
        for run in members
        if run.history
    ]
    if runs:
        figures["curves"] = compared_curves(runs, "runs side by side")
    points = _points(settings, titles)
    if points:
        figures["complexity"] = complexity_figure(points, "test scans")
    pictures = {
        name: save_figure(figure, out.write_figure, name) for name, figure in figures.items()
    }
    for number, members in enumerate(gathered, 1):
        sheet = error_sheet(members, content["mistakes"][number - 1]["listed"])
        if sheet is not None:
            out.write_figure(f"wrong_{number}.png", sheet)
            pictures[f"wrong_{number}"] = sheet
    return pictures


def _points(settings: Sequence[Record], titles: Sequence[str]) -> list[tuple[Any, ...]]:
    points = []
    for setting, title in zip(settings, titles, strict=True):
        cost = setting["complexity"]
        if cost is not None:
            found = setting["pooled"]["intervals"]["accuracy"]
            counts = (cost["multiply_accumulates"], cost["parameters"])
            points.append((title, *counts, found["value"], found["low"], found["high"]))
    return points
