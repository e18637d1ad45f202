"""The pictures of one evaluation: curves, confusion, calibration, and what it gets wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.special import softmax

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import TEST
from brain_tumor.evaluate.part_scores import ScoringSettings, most_confidently_wrong
from brain_tumor.evaluate.predictions import Predictions
from brain_tumor.metrics.arrays import Labels, Values
from brain_tumor.metrics.calibration import reliability
from brain_tumor.metrics.curves import precision_recall, risk_coverage, roc
from brain_tumor.rendering.charts.contact_sheet import contact_sheet
from brain_tumor.rendering.charts.figures import confusion_figure
from brain_tumor.rendering.charts.learning_curves import learning_curves
from brain_tumor.rendering.charts.reliability import reliability_figure
from brain_tumor.rendering.charts.risk_coverage import risk_coverage_figure
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.rendering.charts.threshold_curves import precision_recall_figure, roc_figure
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.history import History
from brain_tumor.runs.results.metrics import Metrics


def draw_evaluation(
    out: RunFolder,
    datamodule: ScanDataModule,
    predictions: dict[str, Predictions],
    metrics: Metrics,
    settings: ScoringSettings,
    model: str,
    history: History,
) -> dict[str, Figure]:
    """Draw everything into `figures/`, as PNG and SVG, where pictures are asked for.

    An empty `history` (the columns of `metrics.csv`) draws no curves.

    Returns:
        Each part's confusion matrix, in any case.
    """
    titles = {
        part: f"{model}, {part}: {found.scans:,} scans" for part, found in metrics.parts.items()
    }
    confusion = {
        part: confusion_figure(found.confusion, found.classes, titles[part])
        for part, found in metrics.parts.items()
    }
    if not settings.figures:
        return confusion
    for part in metrics.parts:
        save_figure(confusion[part], out.write_figure, f"confusion_{part}")
    if history:
        epochs = [int(epoch or 0) for epoch in history["epoch"]]
        figure = learning_curves(history, epochs, model)
        save_figure(figure, out.write_figure, "curves")
    _draw_test(out, datamodule, predictions[TEST], metrics.temperature.value, settings, model)
    return confusion


def probability_figures(
    labels: Labels, steps: Mapping[str, Values], classes: Sequence[str], bins: int, title: str
) -> dict[str, Figure]:
    """Draw what probabilities are worth: `reliability`, `roc` and `precision_recall`.

    `steps` are logits, `(N, classes)`, by name: first the network's own, of which the curves are
    drawn, then those after a temperature. Calibration is shown in `bins` bins.
    """
    own = next(iter(steps.values()))
    reliable = {
        name: [astuple(one) for one in reliability(labels, logits, bins)]
        for name, logits in steps.items()
    }
    areas = {label: roc(labels, own, number) for number, label in enumerate(classes)}
    precise = {label: precision_recall(labels, own, number) for number, label in enumerate(classes)}
    return {
        "reliability": reliability_figure(reliable, title),
        "roc": roc_figure(areas, title),
        "precision_recall": precision_recall_figure(precise, title),
    }


def _draw_test(
    out: RunFolder,
    datamodule: ScanDataModule,
    found: Predictions,
    temperature: float | None,
    settings: ScoringSettings,
    model: str,
) -> None:
    classes, title = datamodule.prepared.classes, f"{model}, {TEST}: {len(found.rows):,} scans"
    steps = {"as trained": found.logits}
    if temperature is not None:
        steps[f"temperature {temperature:.2f}"] = found.logits / temperature
    drawn = probability_figures(found.labels, steps, classes, settings.bins, title)
    for name, figure in drawn.items():
        save_figure(figure, out.write_figure, f"{name}_{TEST}")
    risk = risk_coverage(found.labels, found.logits)
    figure = risk_coverage_figure({model: (risk.coverage, risk.risk)}, title)
    save_figure(figure, out.write_figure, f"risk_coverage_{TEST}")
    wrong = most_confidently_wrong(found.labels, found.logits, settings.wrong)
    if len(wrong):
        prepared, shares = datamodule.prepared, softmax(found.logits, axis=1).max(axis=1)
        captions = []
        for place in wrong:
            scan = prepared.kept[int(found.rows[place])]
            called = classes[int(found.predicted[place])]
            said = f"{scan.label}, called\n{called} ({shares[place]:.3f})"
            captions.append(f"{Path(scan.path).name}\n{said}")
        images = [np.asarray(prepared.images[row]) for row in found.rows[wrong]]
        sheet = contact_sheet(images, captions, most=len(wrong))
        out.write_figure(f"wrong_{TEST}.png", sheet)
