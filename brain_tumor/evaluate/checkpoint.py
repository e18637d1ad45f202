"""A checkpoint on the parts of its split: every file that evaluation writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import lightning as L
import numpy as np
import torch
from matplotlib.figure import Figure

from brain_tumor.config.arguments import plain_values
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.groups.lookalikes import find_lookalikes
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import VALIDATION
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.evaluate.figures import draw_evaluation
from brain_tumor.evaluate.fit_out_of_distribution import FittedOOD, save_ood_detector
from brain_tumor.evaluate.leakage_record import measure_overlap
from brain_tumor.evaluate.model_card import model_card
from brain_tumor.evaluate.part_scores import (
    ScoringSettings,
    score_part,
    score_part_patients,
    scores_by_source,
)
from brain_tumor.evaluate.predictions import (
    Predictions,
    predict_parts,
    scoring_trainer,
    write_predictions,
)
from brain_tumor.metrics.complexity import measure_complexity, seconds_per_scan
from brain_tumor.metrics.leakage import PartOverlap
from brain_tumor.metrics.registry import SCORES
from brain_tumor.models.classifier import TumorClassifier
from brain_tumor.runs.finished import class_numbers
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.history import read_history
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.record import device_name
from brain_tumor.runs.results.by_source import BY_SOURCE, ScoresBySource, SourceScores
from brain_tumor.runs.results.complexity import COMPLEXITY, MeasuredComplexity
from brain_tumor.runs.results.metrics import (
    METRICS,
    ExternalScans,
    Metrics,
    OperatingPoint,
    Temperature,
)
from brain_tumor.runs.results.run import RUN
from brain_tumor.runs.results.scores import PartScores
from brain_tumor.trained.abstention import read_validation
from brain_tumor.trained.operating_point import Chosen, calibrate, choose
from brain_tumor.trained.out_of_distribution import open_ood_detector


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        metrics: Every score.
        confusion: Each part's confusion matrix, drawn.
        ood: How many scans are flagged; None where there are too few for a detector.
        sources: Scores of each of several joined sets, per part; empty where there is one set.
    """

    metrics: Metrics
    confusion: dict[str, Figure]
    ood: FittedOOD | None
    sources: Mapping[str, Sequence[SourceScores]]


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
    `figures/`, `MODEL_CARD.md` and, of several joined sets, `by_source.json` into `out`: the run's
    folder, or one of its own for another checkpoint. All but the seconds in `complexity.json`, and
    what the card says of them, is the same each time.

    Raises:
        ConfigError: There is no such device, or `metrics.json` there has a score of the user's own
            that this process does not know and so would lose.
        DataError: The checkpoint knows other classes than the scans have.
        WeightsError: The checkpoint cannot be loaded, or gives values that are no numbers.
    """
    check_scores_known(out)
    classifier, trainer = load_classifier(checkpoint), scoring_trainer(accelerator)
    predictions = predict_parts(datamodule, classifier, checkpoint, trainer)
    chosen = choose_on_validation(predictions.get(VALIDATION), classifier.classes, settings)
    metrics = replace(
        calibrated_metrics(datamodule, predictions, checkpoint.name, chosen, settings),
        leakage=split_overlap(datamodule),
    )
    complexity = _complexity(classifier, datamodule, checkpoint, trainer)
    write_predictions(out, datamodule, predictions)
    METRICS.write(out, metrics)
    COMPLEXITY.write(out, complexity)
    config, history = plain_values(run.read_config()), read_history(run.path / "metrics.csv")
    model = str(config["model"]["name"])
    confusion = draw_evaluation(out, datamodule, predictions, metrics, settings, model, history)
    network = classifier.network.describe()
    card = model_card(RUN.read(run), config, metrics, complexity, network)
    out.write("MODEL_CARD.md", card.encode())
    sources = scores_by_source(datamodule.prepared, predictions, settings)
    if sources:
        BY_SOURCE.write(out, ScoresBySource(sources))
    ood = save_ood_detector(out, datamodule, predictions, settings.seed)
    return Evaluation(metrics, confusion, ood, sources)


def check_scores_known(out: RunFolder) -> None:
    """Make sure that no score is lost where `metrics.json` is written anew.

    Raises:
        ConfigError: It has one of the user's own that this process does not know.
    """
    try:
        before = METRICS.read_if_there(out)
    except DataError:
        return  # a damaged file is written anew
    parts = {} if before is None else before.parts
    held = {
        name
        for part in parts.values()
        for name in (*part.scores, *part.confidence.probabilities.scores)
    }
    unknown = sorted(held - SCORES.keys())
    if unknown:
        raise ConfigError(
            f"{out.display_path / METRICS.name} has scores that this command does not know and "
            f"would lose, {', '.join(unknown)}: start it from the file that adds them "
            "(docs/extend/score.md), or move metrics.json away."
        )


def evaluate_elsewhere(
    out: RunFolder,
    datamodule: ScanDataModule,
    foreign: ScanDataModule,
    checkpoint: Path,
    accelerator: str,
    settings: ScoringSettings,
    model: str,
    home: RunFolder,
) -> Metrics:
    """Score a checkpoint on scans of another origin, with what the run's own validation decided.

    Writes `predictions.csv`, `metrics.json` and `figures/` into `out`; all foreign scans are the
    test part. `model` is what the network is called in titles, `home` the folder of the
    checkpoint's own evaluation. Where `datamodule` has no scans, what the network said of its
    validation scans is read there. Raises what `evaluate_run` does.
    """
    check_scores_known(out)
    classifier, trainer = load_classifier(checkpoint), scoring_trainer(accelerator)
    own = predict_parts(datamodule, classifier, checkpoint, trainer, [VALIDATION])
    if len(datamodule.prepared.images):
        chosen = choose_on_validation(own.get(VALIDATION), classifier.classes, settings)
    else:
        chosen = choose_as_before(home, classifier.classes, settings)
    detector = open_ood_detector(home)
    predictions = predict_parts(foreign, classifier, checkpoint, trainer)
    metrics = replace(
        calibrated_metrics(foreign, predictions, checkpoint.name, chosen, settings),
        scans=scan_counts(foreign),
    )
    ood_score = None
    if detector is not None:
        images = foreign.prepared.images
        ood_score = {
            part: detector.score(images[found.rows], found.features)
            for part, found in predictions.items()
        }
        metrics = replace(metrics, ood=detector.flag(ood_score))
    write_predictions(out, foreign, predictions, ood_score)
    METRICS.write(out, metrics)
    draw_evaluation(out, foreign, predictions, metrics, settings, model, {})
    return metrics


def scan_counts(foreign: ScanDataModule) -> ExternalScans:
    """Count scans of another origin, as `metrics.json` holds it."""
    prepared = foreign.prepared
    counts = {name: prepared.summary[name] for name in ("raw", "unusable", "seen", "kept")}
    return ExternalScans(**counts, fingerprint=prepared.fingerprint)


def choose_on_validation(
    validation: Predictions | None, classes: tuple[str, ...], settings: ScoringSettings
) -> Chosen:
    """Fit temperature and operating point on the validation part, if there is one."""
    provided = None if validation is None else (validation.labels, validation.logits)
    return choose(provided, settings.healthy_number(classes), settings.least_sensitivity)


def choose_as_before(
    home: RunFolder, classes: tuple[str, ...], settings: ScoringSettings
) -> Chosen:
    """Fit temperature and operating point on what `predictions.csv` has of the validation part.

    Raises:
        DataError: `predictions.csv` is missing or damaged.
    """
    kept = read_validation(home, classes)
    provided = None if kept is None else (class_numbers(kept.labels, classes), kept.logits)
    return choose(provided, settings.healthy_number(classes), settings.least_sensitivity)


def calibrated_metrics(
    datamodule: ScanDataModule,
    predictions: dict[str, Predictions],
    checkpoint: str,
    chosen: Chosen,
    settings: ScoringSettings,
) -> Metrics:
    """Score the predictions of every part."""
    healthy = settings.healthy_number(datamodule.prepared.classes)
    fitted_on = None if chosen.temperature is None else VALIDATION
    return Metrics(
        checkpoint=checkpoint,
        bootstrap=settings.resampling,
        temperature=Temperature(chosen.temperature, fitted_on),
        operating_point=OperatingPoint(
            healthy=None if healthy is None else settings.healthy,
            threshold=chosen.threshold,
            chosen_on=VALIDATION if chosen.fitted else None,
            least_sensitivity=settings.least_sensitivity if chosen.fitted else None,
        ),
        parts=calibrated_parts(datamodule.prepared, predictions, chosen, settings),
    )


def calibrated_parts(
    prepared: PreparedSet,
    predictions: Mapping[str, Predictions],
    chosen: Chosen,
    settings: ScoringSettings,
) -> dict[str, PartScores]:
    """Score the predictions of every part over the groups of a prepared set."""
    classes, groups, patients = prepared.classes, prepared.groups, prepared.patients
    healthy = settings.healthy_number(classes)

    def scored(found: Predictions) -> PartScores:
        calibrated = calibrate(found.labels, found.logits, groups[found.rows], healthy, chosen)
        by_patient = score_part_patients(calibrated, patients[found.rows], classes, settings)
        return score_part(calibrated, classes, settings, by_patient)

    return {part: scored(found) for part, found in predictions.items()}


def split_overlap(datamodule: ScanDataModule) -> PartOverlap:
    """Tell what the test part shares with what was trained on, as `metrics.json` holds it."""
    # A validation part has been looked at, too: what it shares with the test part counts.
    prepared, split = datamodule.prepared, datamodule.split
    return measure_overlap(
        prepared.kept,
        prepared.labels,
        prepared.classes,
        np.sort(np.concatenate([split.train, split.validation])),
        split.test,
        find_lookalikes(prepared),
    )


def _complexity(
    classifier: TumorClassifier, datamodule: ScanDataModule, checkpoint: Path, trainer: L.Trainer
) -> MeasuredComplexity:
    device = trainer.strategy.root_device
    shape = (1, *datamodule.prepared.images.shape[1:])
    network = classifier.network.cpu()
    found = measure_complexity(network, shape)
    seconds = seconds_per_scan(network.to(device), shape, device, limit=0.5)
    return MeasuredComplexity(
        **vars(found),
        checkpoint_bytes=checkpoint.stat().st_size,
        device=device_name(device),
        threads=torch.get_num_threads(),
        seconds_per_scan={str(batch): value for batch, value in seconds.items()},
    )
