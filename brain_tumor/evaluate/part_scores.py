"""Every number that a set of predictions gives, with how sure it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy.special import softmax

from brain_tumor.data.groups.connected import group_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.evaluate.predictions import Predictions
from brain_tumor.metrics.arrays import Labels, Values
from brain_tumor.metrics.curves import risk_coverage
from brain_tumor.metrics.detection import DetectionScores, detect
from brain_tumor.metrics.patients import PatientScores, score_patients
from brain_tumor.metrics.probabilities import ProbabilityScores, bootstrap_probabilities
from brain_tumor.metrics.registry import label_scores
from brain_tumor.metrics.scores import Scores, score
from brain_tumor.metrics.uncertainty.bootstrap import Resampling
from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals, bootstrap_scores
from brain_tumor.runs.results.by_source import SourceScores
from brain_tumor.runs.results.scores import (
    ConfidenceScores,
    Intervals,
    PartScores,
    RiskAtCoverage,
    ScoredClass,
)
from brain_tumor.settings import Range, Seed, Settings
from brain_tumor.trained.operating_point import CalibratedPredictions

COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.5)  # shares of the scans whose error is told


@dataclass(frozen=True)
class ScoringSettings(Settings, key="evaluation"):
    """How scores are made, as `conf/evaluation/default.yaml` says.

    Above the ranges memory and time would go where no digit that is shown would change.
    """

    resamples: Annotated[int, Range(100, 100_000)]
    level: Annotated[float, Range(0.5, 0.9999)]
    seed: Seed
    bins: Annotated[int, Range(2, 1000)]
    healthy: str | None
    least_sensitivity: Annotated[float, Range(0.01, 1)]
    wrong: Annotated[int, Range(1, 1000)]
    figures: bool = True

    @property
    def resampling(self) -> Resampling:
        """How intervals are drawn."""
        return Resampling(self.resamples, self.level, self.seed)

    def healthy_number(self, classes: tuple[str, ...]) -> int | None:
        """Give the number of the class without a tumour; None where the classes have none."""
        return classes.index(self.healthy) if self.healthy in classes else None


def score_part(
    calibrated: CalibratedPredictions,
    classes: tuple[str, ...],
    settings: ScoringSettings,
    patients: PatientScores | None,
) -> PartScores:
    """Score the predictions of one part.

    Where a class has no scan, accuracy, macro F1 and such are None: they would be another score,
    over fewer classes, under the same name (see `Score.absent_classes`). Balanced accuracy is then
    the mean recall over the classes in `present`.
    """
    predicted = calibrated.logits.argmax(axis=1).astype(np.int64)
    found = bootstrap_scores(
        calibrated.labels,
        predicted,
        calibrated.groups,
        len(classes),
        resampling=settings.resampling,
    )
    scores = score(calibrated.labels, predicted, classes)
    per_class = scored_classes(scores, found)
    present = tuple(name for name in classes if per_class[name].support)
    return PartScores(
        classes=classes,
        present=present,
        scans=scores.scans,
        groups=len(np.unique(calibrated.groups)),
        scores=_defined_scores(found.overall, present == classes),
        per_class=per_class,
        confusion=scores.confusion,
        confidence=score_confidence(calibrated, classes, settings),
        patients=patients,
    )


def scored_classes(scores: Scores, intervals: ScoreIntervals) -> dict[str, ScoredClass]:
    """Put the scores of each class together, by its name."""
    found = (intervals.precisions, intervals.recalls, intervals.f1s)
    return {
        name: ScoredClass(precision, recall, f1, scores.per_class[name].support)
        for name, precision, recall, f1 in zip(scores.classes, *found, strict=True)
    }


def score_confidence(
    calibrated: CalibratedPredictions, classes: tuple[str, ...], settings: ScoringSettings
) -> ConfidenceScores:
    """Score the probabilities of one part: what needs more than the class."""
    curve = risk_coverage(calibrated.labels, calibrated.logits)

    def scored(logits: Values) -> ProbabilityScores:
        part = (calibrated.labels, logits, calibrated.groups, classes)
        return bootstrap_probabilities(*part, bins=settings.bins, resampling=settings.resampling)

    return ConfidenceScores(
        scored(calibrated.logits),
        None if calibrated.calibrated is None else scored(calibrated.calibrated),
        _tumour(calibrated, classes, settings),
        RiskAtCoverage(curve.area, {f"{share:g}": curve.risk_at(share) for share in COVERAGES}),
    )


def score_part_patients(
    calibrated: CalibratedPredictions,
    patients: Labels,
    classes: tuple[str, ...],
    settings: ScoringSettings,
    repeats: Labels | None = None,
) -> PatientScores | None:
    """Score patients, and beside them the same slices one by one; None where no patient is known.

    Where a class has no patient, accuracies are None, as in `score_part`. Logits are pooled
    as they are: the temperature is one for all slices of a patient, and changes no answer.

    Patients and `repeats` are as `score_patients` takes them.
    """
    # A table may put the files of one patient into several groups: here, it is one patient.
    alike = [None if patient < 0 else patient for patient in patients.tolist()]
    groups = group_scans(calibrated.groups.tolist(), alike)
    part = (calibrated.labels, calibrated.logits, patients, groups, classes)
    return score_patients(*part, settings.resampling, repeats)


def scores_by_source(
    prepared: PreparedSet, predictions: Mapping[str, Predictions], settings: ScoringSettings
) -> dict[str, Sequence[SourceScores]]:
    """Score each of several joined sets by itself, per part; nothing where there is one set.

    The sets of a part stand in the order of their first scan.
    """
    names, groups = np.array(prepared.sources), prepared.groups
    if len(set(names)) < 2:
        return {}

    def scored(found: Predictions, source: str) -> SourceScores:
        own = names[found.rows] == source
        labels, of_scans = found.labels[own], groups[found.rows[own]]
        drawing = (len(prepared.classes), settings.resampling)
        scores = bootstrap_scores(labels, found.predicted[own], of_scans, *drawing).overall
        present = tuple(np.unique(labels).tolist())
        complete = len(present) == len(prepared.classes)
        number = len(np.unique(of_scans))
        defined = _defined_scores(scores, complete)
        return SourceScores(source, int(own.sum()), number, present, defined)

    return {
        part: [scored(found, source) for source in dict.fromkeys(names[found.rows].tolist())]
        for part, found in predictions.items()
    }


def most_confidently_wrong(labels: Labels, logits: Values, most: int) -> Labels:
    """Give the positions of the wrong predictions of highest probability, highest first."""
    confidence = softmax(logits, axis=1).max(axis=1)
    wrong = np.flatnonzero(logits.argmax(axis=1) != labels)
    # Stable, so that equally confident ones keep their order.
    return wrong[np.argsort(-confidence[wrong], kind="stable")][:most]


def _defined_scores(scores: Intervals, complete: bool) -> Intervals:
    """Leave out the scores that have no meaning where a class has no scan."""
    undefined = [] if complete else [one.key for one in label_scores() if not one.absent_classes]
    return {**scores, **dict.fromkeys(undefined)}


def _tumour(
    calibrated: CalibratedPredictions, classes: tuple[str, ...], settings: ScoringSettings
) -> DetectionScores | None:
    if calibrated.likely is None or calibrated.threshold is None:
        return None
    return detect(
        calibrated.labels != classes.index(str(settings.healthy)),
        calibrated.likely,
        calibrated.groups,
        calibrated.threshold,
        resampling=settings.resampling,
    )
