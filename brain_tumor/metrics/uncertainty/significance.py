"""Whether one classifier is better than another, or only luckier."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from brain_tumor.metrics.arrays import Labels, Values, Weights
from brain_tumor.metrics.registry import label_scores
from brain_tumor.metrics.uncertainty.bootstrap import RESAMPLING, Interval, Resampling, resample
from brain_tumor.metrics.uncertainty.intervals import count_by_group, score_resamples


@dataclass(frozen=True)
class McNemar:
    """Scans on which exactly one of two classifiers is right.

    Attributes:
        only_first_right: Scans that only the first answers right.
        only_second_right: Scans that only the second answers right.
        p_value: Probability of a split at least as uneven if neither were better, two-sided.
    """

    only_first_right: int
    only_second_right: int
    p_value: float


@dataclass(frozen=True)
class GradedPredictions:
    """What a classifier answered; several seeds of it may stand one after another.

    True and predicted class numbers, and the group of each scan, at least 0; each `(N,)`.
    """

    labels: Labels
    predicted: Labels
    groups: Labels


def mcnemar_exact(labels: Labels, first: Labels, second: Labels) -> McNemar:
    """Test whether two classifiers are right equally often, on the same scans.

    McNemar's test (1947, doi 10.1007/BF02295996) by the exact binomial distribution. It takes
    scans for independent: where patients have several, p is too small, and `paired_bootstrap` is
    the one to believe.

    Args:
        labels: True class numbers, `(N,)`, int64.
        first: Class numbers that the first predicted, `(N,)`, int64.
        second: Class numbers that the second predicted, `(N,)`, int64.

    Example:
        >>> labels, first, second = np.zeros(5, int), np.array([1, 1, 1, 1, 0]), np.zeros(5, int)
        >>> mcnemar_exact(labels, first, second)
        McNemar(only_first_right=0, only_second_right=4, p_value=0.125)
    """
    only_first = int(np.sum((first == labels) & (second != labels)))
    only_second = int(np.sum((first != labels) & (second == labels)))
    differing = only_first + only_second
    # SciPy refuses no trials; no difference is no evidence of one.
    p_value = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(only_first, only_second, p_value)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for how many tests were made.

    Holm's step-down procedure (1979, Scandinavian Journal of Statistics 6, 65-70): if only those
    hypotheses are rejected whose corrected p is at most a, the probability to reject any true one
    is at most a, however the tests depend on each other.

    Example:
        >>> holm([0.5, 0.01, 0.02])
        [0.5, 0.03, 0.04]
    """
    raw = np.asarray(p_values, np.float64)
    order = np.argsort(raw, kind="stable")
    times = np.arange(len(raw), 0, -1)  # the smallest counts for all tests, the largest for itself
    corrected = np.empty_like(raw)
    corrected[order] = np.minimum(np.maximum.accumulate(times * raw[order]), 1)
    return [float(p) for p in corrected]


def paired_bootstrap(
    first: GradedPredictions,
    second: GradedPredictions,
    classes: int,
    resampling: Resampling = RESAMPLING,
) -> dict[str, Interval | None]:
    """Compare two classifiers on the same groups, with BCa intervals of the difference.

    Both are scored on the same resampled groups (see `bootstrap`), so what makes a group hard for
    both cancels out. Every answer counts once: of several seeds, a scan's answers stay together.

    Args:
        first: Answers of the first.
        second: Answers of the second, to the same groups, numbered alike.
        classes: Number of classes.
        resampling: How intervals are drawn.

    Returns:
        Each score of labels in the registry, by key: that of the second minus that of the first;
        None where either is 0/0.

    Raises:
        ValueError: The two hold different groups, no scans, lengths that differ, or a value
            outside its range.

    Example:
        >>> labels, groups = np.array([0, 1, 1]), np.arange(3)
        >>> first, second = np.array([0, 0, 0]), np.array([0, 1, 1])
        >>> paired_bootstrap(
        ...     GradedPredictions(labels, first, groups),
        ...     GradedPredictions(labels, second, groups),
        ...     classes=2,
        ... )["balanced_accuracy"].value
        0.5
    """
    counts, other_counts = (
        count_by_group(one.labels, one.predicted, one.groups, classes) for one in (first, second)
    )
    apart = len(np.setxor1d(first.groups, second.groups))
    if apart:
        raise ValueError(f"{apart} groups stand on one side only: a pair needs the same groups")
    scores = label_scores()

    def differences(weights: Weights) -> Values:
        one, other = (score_resamples(scores, weights, own) for own in (counts, other_counts))
        return other - one

    found = resample(differences, len(counts), resampling)
    return {score.key: found.defined_interval(i) for i, score in enumerate(scores)}
