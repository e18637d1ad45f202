"""How far a score can be believed: bootstrap intervals that resample whole groups of scans."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.metrics.arrays import Labels, Values, Weights
from brain_tumor.metrics.registry import (
    Score,
    compute_scores,
    f1s,
    label_scores,
    precisions,
    recalls,
)
from brain_tumor.metrics.uncertainty.bootstrap import (
    RESAMPLING,
    Interval,
    Resampling,
    check_groups,
    resample,
)


@dataclass(frozen=True)
class ScoreIntervals:
    """Scores of one part with their intervals.

    Attributes:
        overall: Each score of labels in the registry, by key; None where 0/0.
        recalls: Recall of each class, in the order of the numbers; None where none occurs.
        precisions: Precision of each class, likewise; None where none is predicted.
        f1s: F1 of each class, likewise; None where none occurs and none is predicted.
    """

    overall: dict[str, Interval | None]
    recalls: tuple[Interval | None, ...]
    precisions: tuple[Interval | None, ...]
    f1s: tuple[Interval | None, ...]


def bootstrap_scores(
    labels: Labels,
    predicted: Labels,
    groups: Labels,
    classes: int,
    resampling: Resampling = RESAMPLING,
) -> ScoreIntervals:
    """Score predicted classes, with BCa intervals of a cluster bootstrap.

    Every resample takes whole groups of scans (see `bootstrap`). For recall and F1 of a class, and
    for scores that are means over classes, a class that is absent from a resample keeps all its
    scans in it (see `with_every_class`). A resample that leaves a value undefined, a precision of a
    class that is never predicted, is left out of that value's interval. A single group, or a score
    of exactly 1, gives an interval of width zero.

    Args:
        labels: True class numbers, `(N,)`, int64, 0 to `classes` - 1, N at least 1.
        predicted: Predicted class numbers, `(N,)`, likewise.
        groups: Group of each scan, `(N,)`, int64, at least 0; `np.arange(N)` where every scan
            stands for itself.
        classes: Number of classes.
        resampling: How intervals are drawn.

    Raises:
        ValueError: No scans, lengths that differ, or a value outside its range.

    Example:
        >>> labels, predicted = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
        >>> found = bootstrap_scores(labels, predicted, np.array([0, 0, 1, 2]), classes=2)
        >>> found.overall["accuracy"]
        Interval(value=0.75, low=0.0, high=1.0)
    """
    counts = count_by_group(labels, predicted, groups, classes)
    found = resample(lambda weights: _scores(weights, counts), len(counts), resampling)
    intervals = [found.defined_interval(number) for number in range(len(found.values))]
    keys = [score.key for score in label_scores()]
    per_class = intervals[len(keys) :]
    return ScoreIntervals(
        overall=dict(zip(keys, intervals, strict=False)),
        recalls=tuple(per_class[:classes]),
        precisions=tuple(per_class[classes : 2 * classes]),
        f1s=tuple(per_class[2 * classes :]),
    )


def count_by_group(labels: Labels, predicted: Labels, groups: Labels, classes: int) -> Values:
    """Count the answers of each of G groups: confusion matrices by rising group.

    Returns:
        `(G, classes, classes)`, float64; true class, predicted class.

    Raises:
        ValueError: No scans, lengths that differ, a group below 0, or a class outside 0 to
            `classes` - 1.
    """
    if not 0 < len(labels) == len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(labels)} labels")
    for name, numbers in (("labels", labels), ("predictions", predicted)):
        if numbers.min() < 0 or numbers.max() >= classes:
            raise ValueError(f"{name} must lie in 0..{classes - 1}")
    check_groups(groups, len(labels))
    members, group = np.unique(groups, return_inverse=True)
    cells = classes * classes
    cell = labels * classes + predicted
    counts = np.bincount(group * cells + cell, minlength=len(members) * cells)
    return counts.reshape(len(members), classes, classes).astype(np.float64)


def weighted_sum(weights: Weights, counts: Values) -> Values:
    """Sum the confusion matrices of groups in each resample, `(B, classes, classes)`."""
    return np.asarray(np.tensordot(weights, counts, 1))


def with_every_class(drawn: Values, counts: Values) -> Values:
    """Give a class of which a resample has no scan those of all groups.

    Without it, a mean over classes would be another score, and a network that names one class for
    all scans would get 1 where the resample has that class alone. It happens where a class has few
    groups; intervals of such a mean are then too narrow (docs/concepts/intervals.md).
    """
    absent = drawn.sum(axis=2, keepdims=True) == 0
    return np.asarray(drawn + absent * counts.sum(axis=0))


def score_resamples(scores: Sequence[Score], weights: Weights, counts: Values) -> Values:
    """Compute K scores of labels in each resample of groups, `(B, K)`; NaN where 0/0."""
    drawn = weighted_sum(weights, counts)
    complete = with_every_class(drawn, counts)
    return np.column_stack(
        [compute_scores([one], complete if one.over_classes else drawn) for one in scores]
    )


def _scores(weights: Weights, counts: Values) -> Values:
    """Give the K scores of labels in the registry, then each class's recall, precision and F1.

    `(B, K + 3 * classes)`, float64; NaN where 0/0.
    """
    drawn = weighted_sum(weights, counts)
    complete = with_every_class(drawn, counts)
    per_class = recalls(complete), precisions(drawn), f1s(complete)
    return np.column_stack((score_resamples(label_scores(), weights, counts), *per_class))
