"""Patients instead of slices: what a network says of all slices of a patient together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from brain_tumor.metrics.arrays import Labels, Values
from brain_tumor.metrics.logits import check_logits
from brain_tumor.metrics.uncertainty.bootstrap import RESAMPLING, Interval, Resampling
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.metrics.uncertainty.significance import GradedPredictions, paired_bootstrap


@dataclass(frozen=True)
class PooledPatients:
    """Patients, P in all, by rising number and class.

    A patient with slices of two classes stands there twice, once with the slices of each: slices
    are labelled, patients are not, and no one label would be right for all of them.

    Attributes:
        patients: Number of each, `(P,)`, at least 0.
        labels: Class number of each, `(P,)`.
        log_probabilities: `(P, C)`, at most 0; their exponentials sum to 1.
        slices: How many slices each has, `(P,)`, at least 1.
        first: Position of the first of them, `(P,)`.
    """

    patients: Labels
    labels: Labels
    log_probabilities: Values
    slices: Labels
    first: Labels


@dataclass(frozen=True)
class AnswerScores:
    """Scores of answers, one for each slice or one for each patient.

    Attributes:
        accuracy: In [0, 1]; None where a class has no patient.
        balanced_accuracy: Mean recall over the classes that have patients, in [0, 1].
        recalls: Recall of each class.
    """

    accuracy: Interval | None
    balanced_accuracy: Interval | None
    recalls: Mapping[str, Interval | None]


@dataclass(frozen=True)
class PatientScores:
    """What pooling the slices of each known patient gives.

    Attributes:
        patients: Number of known patients.
        of_several_classes: How many of them have slices of several classes.
        answers: Pooled answers of each class; a patient with slices of two has one for each.
        slices: Slices of known patients.
        unknown_slices: Slices of unknown patients, of each class.
        groups: Groups of patients that the intervals resample.
        present: Classes that have patients.
        by_patient: Scores of the pooled answers.
        by_slice: Scores of the same slices one by one.
        difference: `by_patient` less `by_slice`: `accuracy` and `balanced_accuracy`.
    """

    patients: int
    of_several_classes: int
    answers: Mapping[str, int]
    slices: int
    unknown_slices: Mapping[str, int]
    groups: int
    present: tuple[str, ...]
    by_patient: AnswerScores
    by_slice: AnswerScores
    difference: Mapping[str, Interval | None]


def pool_patients(labels: Labels, logits: Values, patients: Labels) -> PooledPatients:
    """Pool the slices of each patient by their mean log-probability.

    The mean over a patient's slices of the log softmax of their logits, normalised again: the
    geometric mean of their probabilities, known as the logarithmic opinion pool (Genest and Zidek,
    1986, doi 10.1214/ss/1177013825). A temperature common to all slices changes how sure the pooled
    answer is, never the answer: the largest mean logit stays the largest.

    Args:
        labels: Class numbers of the slices, `(N,)`, int64.
        logits: `(N, C)`, float64, finite; divided by a temperature where there is one.
        patients: Patient of each slice, `(N,)`, int64; -1 where unknown, and left out.

    Raises:
        ValueError: As `check_logits`.

    Example:
        >>> logits = np.log([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]])
        >>> pooled = pool_patients(np.array([0, 0, 1]), logits, np.array([5, 5, -1]))
        >>> pooled.labels, np.exp(pooled.log_probabilities).round(2), pooled.slices
        (array([0]), array([[0.71, 0.29]]), array([2]))
    """
    check_logits(labels, logits)
    classes, known = logits.shape[1], np.flatnonzero(patients >= 0)
    keys = patients[known] * classes + labels[known]
    units, first, unit, slices = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    sums = np.zeros((len(units), classes))
    np.add.at(sums, unit, log_softmax(logits[known], axis=1))
    return PooledPatients(
        patients=units // classes,
        labels=units % classes,
        log_probabilities=log_softmax(sums / slices[:, None], axis=1),
        slices=slices,
        first=known[first],
    )


def score_patients(
    labels: Labels,
    logits: Values,
    patients: Labels,
    groups: Labels,
    classes: Sequence[str],
    resampling: Resampling = RESAMPLING,
    repeats: Labels | None = None,
) -> PatientScores | None:
    """Score pooled patients, and beside them the same slices one by one.

    Intervals are those of a cluster bootstrap over groups of patients (see `bootstrap`): a patient,
    or several that may be one person or have related scans, is drawn as a whole, for the scores
    and for their difference. The difference tells what is gained by pooling, and also that a
    patient with many slices no longer counts more than one with few.

    Args:
        labels: Class numbers of the slices, `(N,)`, int64.
        logits: `(N, C)`, float64, finite.
        patients: Patient of each slice, `(N,)`, int64; -1 where unknown, and left out.
        groups: Group of each slice, `(N,)`, int64, at least 0; the same for all of a patient.
        classes: Class names in the order of the numbers, C.
        resampling: How intervals are drawn.
        repeats: Which pass over the slices each prediction is from, `(N,)`, int64, from 0: each is
            pooled by itself. None where there is one.

    Returns:
        None where no patient is known.

    Raises:
        ValueError: As `pool_patients`, a patient in two groups, or a value outside its range.
    """
    known, units = patients >= 0, patients
    if repeats is not None:
        units = np.where(known, patients * (repeats.max() + 1) + repeats, -1)
    pooled = pool_patients(labels, logits, units)
    if not len(pooled.labels):
        return None
    distinct = np.unique(patients[known])
    if len(np.unique(np.column_stack((patients, groups))[known], axis=0)) > len(distinct):
        raise ValueError("a patient's slices lie in several groups")
    said = pooled.log_probabilities.argmax(axis=1)
    by_patient = GradedPredictions(pooled.labels, said, groups[pooled.first])
    by_slice = GradedPredictions(labels[known], logits[known].argmax(axis=1), groups[known])
    answers = np.bincount(pooled.labels, minlength=len(classes)).tolist()
    unknown = np.bincount(labels[~known], minlength=len(classes)).tolist()

    def scored(one: GradedPredictions) -> AnswerScores:
        part = (one.labels, one.predicted, one.groups, len(classes), resampling)
        found = bootstrap_scores(*part)
        accuracy = found.overall["accuracy"] if all(answers) else None
        recalls = dict(zip(classes, found.recalls, strict=True))
        return AnswerScores(accuracy, found.overall["balanced_accuracy"], recalls)

    gain = paired_bootstrap(by_slice, by_patient, len(classes), resampling)
    classes_of_each = np.unique(np.column_stack((patients, labels))[known], axis=0)[:, 0]
    return PatientScores(
        patients=len(distinct),
        of_several_classes=int(np.sum(np.unique(classes_of_each, return_counts=True)[1] > 1)),
        answers=dict(zip(classes, answers, strict=True)),
        slices=int(known.sum()),
        unknown_slices=dict(zip(classes, unknown, strict=True)),
        groups=len(np.unique(groups[known])),
        present=tuple(name for name, count in zip(classes, answers, strict=True) if count),
        by_patient=scored(by_patient),
        by_slice=scored(by_slice),
        difference={
            "accuracy": gain["accuracy"] if all(answers) else None,
            "balanced_accuracy": gain["balanced_accuracy"],
        },
    )
