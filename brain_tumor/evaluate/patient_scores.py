"""What pooling the slices of a patient gives."""

import numpy as np

from brain_tumor.data.groups.connected import group_scans
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.metrics.patients import score_patients
from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals
from brain_tumor.runs.results.scores import AnswerScores, ScoredPatients
from brain_tumor.trained.operating_point import CalibratedPredictions, Numbers


def score_part_patients(
    calibrated: CalibratedPredictions,
    patients: Numbers,
    classes: tuple[str, ...],
    settings: ScoringSettings,
    repeats: Numbers | None = None,
) -> ScoredPatients | None:
    """Score patients, and beside them the same slices one by one; None where no patient is known.

    Where a class has no patient, accuracies are None, as in `score_part`. Logits are pooled
    as they are: the temperature is one for all slices of a patient, and changes no answer.

    Args:
        calibrated: Predictions of slices, N in all.
        patients: Patient of each, `(N,)`, int64, -1 where unknown.
        classes: Class names in the order of the numbers.
        settings: How intervals are drawn.
        repeats: Which pass over the slices each prediction is from, `(N,)`, int64, from 0: each is
            pooled by itself. None where there is one.
    """
    known, units = patients >= 0, patients
    if repeats is not None:
        units = np.where(known, patients * (repeats.max() + 1) + repeats, -1)
    # A table may put the files of one patient into several groups: here, it is one patient.
    alike = [None if patient < 0 else patient for patient in patients.tolist()]
    groups = group_scans(calibrated.groups.tolist(), alike)
    found = score_patients(calibrated.labels, calibrated.logits, units, groups, settings.resampling)
    if found is None:
        return None
    answers = np.bincount(found.pooled.labels, minlength=len(classes)).tolist()
    unknown = np.bincount(calibrated.labels[~known], minlength=len(classes)).tolist()
    complete = all(answers)
    mixed = np.unique(np.column_stack((patients, calibrated.labels))[known], axis=0)[:, 0]
    distinct, labels_of_each = np.unique(mixed, return_counts=True)
    difference = dict(found.difference) if complete else found.difference | {"accuracy": None}
    return ScoredPatients(
        patients=len(distinct),
        of_several_classes=int(np.sum(labels_of_each > 1)),
        answers=dict(zip(classes, answers, strict=True)),
        slices=int(known.sum()),
        unknown_slices=dict(zip(classes, unknown, strict=True)),
        groups=len(np.unique(groups[known])),
        present=tuple(name for name, count in zip(classes, answers, strict=True) if count),
        by_patient=_scores(found.by_patient, classes, complete),
        by_slice=_scores(found.by_slice, classes, complete),
        difference={key: difference[key] for key in ("accuracy", "balanced_accuracy")},
    )


def _scores(found: ScoreIntervals, classes: tuple[str, ...], complete: bool) -> AnswerScores:
    return AnswerScores(
        found.overall["accuracy"] if complete else None,
        found.overall["balanced_accuracy"],
        dict(zip(classes, found.recalls, strict=True)),
    )
