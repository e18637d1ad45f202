"""A checkpoint on the parts of its split: every file that evaluation writes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import lightning as L
import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure
from omegaconf import OmegaConf

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.groups.lookalikes import find_lookalikes
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import TEST, TRAIN, VALIDATION
from brain_tumor.evaluate.figures import draw_evaluation
from brain_tumor.evaluate.fit_out_of_distribution import save_ood_detector
from brain_tumor.evaluate.leakage_record import overlap_record
from brain_tumor.evaluate.model_card import model_card
from brain_tumor.evaluate.part_scores import ScoringSettings, score_part, scores_by_source
from brain_tumor.evaluate.patient_scores import score_part_patients
from brain_tumor.evaluate.predictions import (
    Predictions,
    predict_parts,
    scoring_trainer,
    write_predictions,
)
from brain_tumor.metrics.complexity import measure_complexity, seconds_per_scan
from brain_tumor.metrics.uncertainty.by_source import SourceScores
from brain_tumor.models.classifier import TumorClassifier
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.history import read_history
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.record import device_name
from brain_tumor.trained.operating_point import Chosen, calibrate, choose
from brain_tumor.trained.out_of_distribution import OODDetector

Record = dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        metrics: The content of `metrics.json`.
        confusion: Each part's confusion matrix, drawn.
        ood: The content of `ood.json`; None where there are too few scans for it.
        sources: Scores of each of several joined sets, per part; empty where there is one set.
    """

    metrics: Record
    confusion: dict[str, Figure]
    ood: Record | None
    sources: Mapping[str, Sequence[SourceScores]] = field(default_factory=dict)


def evaluate_run(
    run: RunFolder,
    out: RunFolder,
    datamodule: ScanDataModule,
    checkpoint: Path,
    accelerator: str,
    settings: ScoringSettings,
) -> Evaluation:
    """Score a checkpoint on every part of its run's split.

    Writes `predictions.csv`, `metrics.json`, `complexity.json`, `ood.npz`, `ood.json`,
    `figures/`, `MODEL_CARD.md` and, of several joined sets, `by_source.json`. All but the seconds
    in `complexity.json`, and what the card says of them, is the same each time.

    Args:
        run: The run.
        out: Where the files go: the run's folder, or one of its own for another checkpoint.
        datamodule: Serves the parts.
        checkpoint: What to score.
        accelerator: Lightning's name of the device kind; `auto` picks one.
        settings: How scores are calibrated.

    Raises:
        ConfigError: There is no such device.
        DataError: The checkpoint knows other classes than the scans have.
        WeightsError: The checkpoint cannot be loaded, or gives values that are no numbers.
    """
    classifier, trainer = load_classifier(checkpoint), scoring_trainer(accelerator)
    predictions = predict_parts(datamodule, classifier, checkpoint, trainer)
    chosen = choose_on_validation(predictions.get(VALIDATION), classifier.classes, settings)
    metrics = {
        **calibrated_record(datamodule, predictions, checkpoint, chosen, settings),
        "leakage": _leakage(datamodule, predictions),
    }
    complexity = _complexity(classifier, datamodule, checkpoint, trainer)
    write_predictions(out, datamodule, predictions)
    out.write_json("metrics.json", metrics, checked=True)
    out.write_json("complexity.json", complexity, checked=True)
    config = cast(Record, OmegaConf.to_container(run.read_config()))
    history = read_history(run.path / "metrics.csv")
    model = str(config["model"]["name"])
    confusion = draw_evaluation(out, datamodule, predictions, metrics, settings, model, history)
    network, record = classifier.network.describe(), run.read_json("run.json")
    card = model_card(record, config, metrics, complexity, checkpoint.name, network)
    out.write("MODEL_CARD.md", card.encode())
    sources = scores_by_source(datamodule.prepared, predictions, settings)
    if sources:
        plain = {part: [asdict(one) for one in found] for part, found in sources.items()}
        out.write_json("by_source.json", {"version": 1, "parts": plain})
    return Evaluation(
        *(metrics, confusion),
        save_ood_detector(out, datamodule, predictions, settings.seed),
        sources,
    )


def evaluate_elsewhere(
    out: RunFolder,
    datamodule: ScanDataModule,
    foreign: ScanDataModule,
    checkpoint: Path,
    accelerator: str,
    settings: ScoringSettings,
    model: str,
    detector: OODDetector | None,
) -> Record:
    """Score a checkpoint on scans of another origin, with what the run's own validation decided.

    Writes `predictions.csv`, `metrics.json` and `figures/`.

    Args:
        out: Where the files go.
        datamodule: The run's own scans; its validation part gives temperature and operating point.
        foreign: The other scans, as its test part.
        checkpoint: What to score.
        accelerator: Lightning's name of the device kind.
        settings: How scores are calibrated.
        model: What the network is called in titles.
        detector: What tells scans that do not look like the run's training scans; None where the
            run has nothing that tells them.

    Returns:
        The content of `metrics.json`.

    Raises:
        ConfigError: There is no such device.
        DataError: `ood` is another network's.
        WeightsError: The checkpoint cannot be loaded, or gives values that are no numbers.
    """
    classifier, trainer = load_classifier(checkpoint), scoring_trainer(accelerator)
    own = predict_parts(datamodule, classifier, checkpoint, trainer, [VALIDATION])
    chosen = choose_on_validation(own.get(VALIDATION), classifier.classes, settings)
    predictions = predict_parts(foreign, classifier, checkpoint, trainer)
    prepared = foreign.prepared
    counts = {name: prepared.summary[name] for name in ("raw", "unusable", "seen", "kept")}
    ood_score = None
    if detector is not None:
        ood_score = {
            part: detector.score(prepared.images[found.rows], found.features)
            for part, found in predictions.items()
        }
    metrics = {
        **calibrated_record(foreign, predictions, checkpoint, chosen, settings),
        "scans": {**counts, "fingerprint": prepared.fingerprint},
        "ood": None if ood_score is None else _ood_record(ood_score),
    }
    write_predictions(out, foreign, predictions, ood_score)
    out.write_json("metrics.json", metrics, checked=True)
    draw_evaluation(out, foreign, predictions, metrics, settings, model, {})
    return metrics


def _ood_record(ood_score: Mapping[str, npt.NDArray[np.float64]]) -> Record:
    """Say as `ood.json` does which share of each part does not look like the training scans."""
    threshold = OODDetector.threshold
    shares = {part: float(np.mean(found > threshold)) for part, found in ood_score.items()}
    return {"threshold": threshold, "flagged": shares}


def choose_on_validation(
    validation: Predictions | None, classes: tuple[str, ...], settings: ScoringSettings
) -> Chosen:
    """Fit temperature and operating point on the validation part, if there is one."""
    provided = None if validation is None else (validation.labels, validation.logits)
    return choose(provided, settings.healthy_number(classes), settings.least_sensitivity)


def calibrated_record(
    datamodule: ScanDataModule,
    predictions: dict[str, Predictions],
    checkpoint: Path,
    chosen: Chosen,
    settings: ScoringSettings,
) -> Record:
    """Score the predictions of every part.

    Args:
        datamodule: Whose scans they are.
        predictions: Per part.
        checkpoint: What gave them.
        chosen: What was fitted on validation scans.
        settings: How scores are calibrated.

    Returns:
        What `metrics.json` holds, beside `leakage`.
    """
    healthy = settings.healthy_number(datamodule.prepared.classes)
    fitted_on = None if chosen.temperature is None else VALIDATION
    return {
        "checkpoint": checkpoint.name,
        "bootstrap": {
            "resamples": settings.resamples,
            "level": settings.level,
            "seed": settings.seed,
        },
        "temperature": {"value": chosen.temperature, "fitted_on": fitted_on},
        "operating_point": {
            "healthy": None if healthy is None else settings.healthy,
            "threshold": chosen.threshold,
            "chosen_on": VALIDATION if chosen.fitted else None,
            "least_sensitivity": settings.least_sensitivity if chosen.fitted else None,
        },
        "parts": calibrated_parts(datamodule.prepared, predictions, chosen, settings),
    }


def calibrated_parts(
    prepared: PreparedSet,
    predictions: Mapping[str, Predictions],
    chosen: Chosen,
    settings: ScoringSettings,
) -> Record:
    """Score the predictions of every part over the groups of a prepared set.

    Args:
        prepared: Whose scans they are.
        predictions: Per part.
        chosen: What was fitted on validation scans.
        settings: How scores are calibrated.

    Returns:
        Per part, what `metrics.json` holds.
    """
    classes, groups, patients = prepared.classes, prepared.groups, prepared.patients
    healthy = settings.healthy_number(classes)

    def scored(found: Predictions) -> Record:
        calibrated = calibrate(found.labels, found.logits, groups[found.rows], healthy, chosen)
        by_patient = score_part_patients(calibrated, patients[found.rows], classes, settings)
        return score_part(calibrated, classes, settings) | {"patients": by_patient}

    return {part: scored(found) for part, found in predictions.items()}


def _leakage(datamodule: ScanDataModule, predictions: dict[str, Predictions]) -> Record:
    # A validation part has been looked at, too: what it shares with the test part counts.
    prepared = datamodule.prepared
    rows_trained_on = [
        predictions[part].rows for part in (TRAIN, VALIDATION) if part in predictions
    ]
    return overlap_record(
        prepared.kept,
        prepared.labels,
        prepared.classes,
        np.sort(np.concatenate(rows_trained_on)),
        predictions[TEST].rows,
        find_lookalikes(prepared),
    )


def _complexity(
    classifier: TumorClassifier, datamodule: ScanDataModule, checkpoint: Path, trainer: L.Trainer
) -> Record:
    device = trainer.strategy.root_device
    shape = (1, *datamodule.prepared.images.shape[1:])
    network = classifier.network.cpu()
    found = measure_complexity(network, shape)
    seconds = seconds_per_scan(network.to(device), shape, device, limit=0.5)
    return {
        **vars(found),
        "checkpoint_bytes": checkpoint.stat().st_size,
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "seconds_per_scan": {str(batch): value for batch, value in seconds.items()},
    }
