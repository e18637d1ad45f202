"""How far a score can be believed: bootstrap intervals that resample whole groups of scans."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from brain_tumor.evaluation.scores import Labels

Values = npt.NDArray[np.float64]

BLOCK_BYTES = 16 * 2**20  # weights of one block of resamples, in float64


@dataclass(frozen=True)
class Interval:
    """A score in [0, 1] with the lower and upper end of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ScoreIntervals:
    """Scores of one part with their intervals.

    Attributes:
        accuracy: Share of scans predicted right.
        balanced_accuracy: Mean recall over the classes that occur.
        macro_f1: Mean F1 over the classes that occur or are predicted.
        recalls: Recall of each class, in the order of the numbers; None where none occurs.
    """

    accuracy: Interval
    balanced_accuracy: Interval
    macro_f1: Interval
    recalls: tuple[Interval | None, ...]


def bootstrap_scores(
    labels: Labels,
    predicted: Labels,
    groups: Labels,
    classes: int,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> ScoreIntervals:
    """Score predicted classes, with percentile intervals of a cluster bootstrap.

    Every resample draws as many groups as there are, with replacement, and takes all scans of
    each: slices of one patient are not independent, and an interval that treats them as such is
    too narrow (Field and Welsh, 2007, doi 10.1111/j.1467-9868.2007.00593.x). A class that is absent
    from a resample is left out of its means. With few groups (under thirty or so) percentile
    intervals are too narrow, and a single group gives one of width zero.

    Args:
        labels: True class numbers, `(N,)`, int64, 0 to `classes` - 1, N at least 1.
        predicted: Predicted class numbers, `(N,)`, likewise.
        groups: Group of each scan, `(N,)`, int64, at least 0; `np.arange(N)` where every scan
            stands for itself.
        classes: Number of classes.
        resamples: Number of resamples, at least 100.
        seed: Seed of the resampling.
        level: Share of the resamples that an interval covers, between 0 and 1.

    Raises:
        ValueError: No scans, lengths that differ, or a value outside its range.

    Example:
        >>> labels, predicted = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
        >>> bootstrap_scores(labels, predicted, np.array([0, 0, 1, 2]), classes=2).accuracy
        Interval(value=0.75, low=0.0, high=1.0)
    """
    _check(labels, predicted, groups, classes, resamples, level)
    members, group = np.unique(groups, return_inverse=True)
    cells = classes * classes
    cell = labels * classes + predicted
    # Row = group, column = cell of the confusion matrix. A resample is a weighted sum of the rows.
    counts = np.bincount(group * cells + cell, minlength=len(members) * cells)
    counts = counts.reshape(len(members), cells).astype(np.float64)

    generator = np.random.default_rng(seed)
    chances = np.full(len(members), 1 / len(members))
    block = max(1, BLOCK_BYTES // (8 * len(members)))
    confusions = np.concatenate(
        [
            generator.multinomial(len(members), chances, min(block, resamples - start)) @ counts
            for start in range(0, resamples, block)
        ]
    )
    point = _scores(counts.sum(axis=0).reshape(1, classes, classes))[0]
    drawn = _scores(confusions.reshape(resamples, classes, classes))
    accuracy, balanced_accuracy, macro_f1 = (
        _interval(point[i], drawn[:, i], level) for i in range(3)
    )
    recalls = (
        None if np.isnan(point[i]) else _interval(point[i], drawn[:, i], level)
        for i in range(3, 3 + classes)
    )
    return ScoreIntervals(accuracy, balanced_accuracy, macro_f1, tuple(recalls))


def _check(
    labels: Labels, predicted: Labels, groups: Labels, classes: int, resamples: int, level: float
) -> None:
    if not 0 < len(labels) == len(predicted) == len(groups):
        raise ValueError(
            f"{len(predicted)} predictions and {len(groups)} groups for {len(labels)} labels"
        )
    for name, numbers in (("labels", labels), ("predictions", predicted)):
        if numbers.min() < 0 or numbers.max() >= classes:
            raise ValueError(f"{name} must lie in 0..{classes - 1}")
    if groups.min() < 0:
        raise ValueError("every scan needs a group of 0 or more: scans of group -1 are unrelated")
    if resamples < 100 or not 0 < level < 1:
        raise ValueError(
            f"{resamples} resamples at level {level}: at least 100, and between 0 and 1"
        )


def _scores(confusions: Values) -> Values:
    """Give accuracy, balanced accuracy, macro F1 and each recall, NaN where 0/0.

    Args:
        confusions: `(B, classes, classes)`, counts; row = true class, column = predicted class.

    Returns:
        `(B, 3 + classes)`.
    """
    right = np.diagonal(confusions, axis1=1, axis2=2)
    true, predicted = confusions.sum(axis=2), confusions.sum(axis=1)
    with np.errstate(invalid="ignore"):
        recalls = right / true
        f1 = 2 * right / (true + predicted)
    accuracy = right.sum(axis=1) / true.sum(axis=1)
    means = accuracy, np.nanmean(recalls, axis=1), np.nanmean(f1, axis=1)
    return np.column_stack((*means, recalls))


def _interval(value: float, drawn: Values, level: float) -> Interval:
    # NaN: a resample without the class. Among a hundred there is one with it.
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high))
