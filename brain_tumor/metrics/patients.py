"""Patients instead of slices: what a network says of all slices of a patient together."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from brain_tumor.metrics.logits import check_logits
from brain_tumor.metrics.uncertainty.bootstrap import (
    RESAMPLING,
    Interval,
    Labels,
    Resampling,
    Values,
)
from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals, bootstrap_scores
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
class PatientScores:
    """Patients scored, beside the same slices one by one.

    Attributes:
        pooled: The patients.
        by_patient: Scores of their pooled answers; each patient counts once.
        by_slice: Scores of the answers to the same slices; each slice counts once.
        difference: `by_patient` minus `by_slice`, over the same resampled groups.
    """

    pooled: PooledPatients
    by_patient: ScoreIntervals
    by_slice: ScoreIntervals
    difference: dict[str, Interval | None]


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
    resampling: Resampling = RESAMPLING,
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
        resampling: How intervals are drawn.

    Returns:
        None where no patient is known.

    Raises:
        ValueError: As `pool_patients`, a patient in two groups, or a value outside its range.
    """
    pooled = pool_patients(labels, logits, patients)
    if not len(pooled.labels):
        return None
    known = patients >= 0
    pairs = np.unique(np.column_stack((patients, groups))[known], axis=0)
    if len(pairs) > len(np.unique(pooled.patients)):
        raise ValueError("a patient's slices lie in several groups")
    said = pooled.log_probabilities.argmax(axis=1)
    by_patient = GradedPredictions(pooled.labels, said, groups[pooled.first])
    by_slice = GradedPredictions(labels[known], logits[known].argmax(axis=1), groups[known])
    drawing = (logits.shape[1], resampling)
    complete, single = (
        bootstrap_scores(one.labels, one.predicted, one.groups, *drawing)
        for one in (by_patient, by_slice)
    )
    difference = paired_bootstrap(by_slice, by_patient, *drawing)
    return PatientScores(pooled, complete, single, difference)
