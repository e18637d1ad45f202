"""Which class is found least, and whether the scans can tell it from the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.metrics.arrays import Labels, Values, Weights
from brain_tumor.metrics.registry import recalls
from brain_tumor.metrics.uncertainty.bootstrap import RESAMPLING, Interval, Resampling, resample
from brain_tumor.metrics.uncertainty.intervals import count_by_group, weighted_sum, with_every_class


@dataclass(frozen=True)
class LeastRecall:
    """The class of the least recall.

    Attributes:
        name: The class, all predictions put together.
        above: How much higher the recall of each other class is, with its interval.
        by_repeat: The class of the least recall in each repeat alone, in the order of the repeats.
        candidates: Classes that may be the one of the least recall: `name`, those whose interval
            in `above` reaches 0, and those in `by_repeat`. One alone is decided.
    """

    name: str
    above: Mapping[str, Interval]
    by_repeat: tuple[str, ...]
    candidates: tuple[str, ...]


def least_recall(
    labels: Labels,
    predicted: Labels,
    groups: Labels,
    repeats: Labels,
    classes: Sequence[str],
    resampling: Resampling = RESAMPLING,
) -> LeastRecall | None:
    """Find the class of the least recall, with BCa intervals of the others' distance from it.

    All recalls are taken from the same resampled groups (see `bootstrap`). Intervals of two recalls
    that overlap would leave more undecided than is: what counts is their difference.

    Args:
        labels: True class numbers, `(N,)`, int64, N at least 1.
        predicted: Predicted class numbers, `(N,)`, int64.
        groups: Group of each scan, `(N,)`, int64, at least 0.
        repeats: Pass through the data that each prediction belongs to, such as a seed, `(N,)`.
        classes: Class names in the order of the numbers.
        resampling: How intervals are drawn.

    Returns:
        None where fewer than two classes have scans.

    Raises:
        ValueError: No scans, lengths that differ, or a value outside its range.

    Example:
        >>> labels, once = np.arange(60) % 2, np.zeros(60, int)
        >>> found = least_recall(labels, once, np.arange(60), once, ["glioma", "notumor"])
        >>> found.name, found.above["glioma"].value, found.candidates
        ('notumor', 1.0, ('notumor',))
    """
    counts = count_by_group(labels, predicted, groups, len(classes))
    found_recalls = recalls(counts.sum(axis=0, keepdims=True))[0]
    known = [i for i in range(len(classes)) if not np.isnan(found_recalls[i])]
    if len(known) < 2:
        return None
    least = int(np.nanargmin(found_recalls))

    def above_least(weights: Weights) -> Values:
        drawn = recalls(with_every_class(weighted_sum(weights, counts), counts))
        return drawn - drawn[:, [least]]

    found = resample(above_least, len(counts), resampling)
    above = {classes[i]: found.interval(i) for i in known if i != least}
    by_repeat = tuple(
        classes[_least_of(labels[own], predicted[own], len(classes))]
        for own in (repeats == repeat for repeat in np.unique(repeats))
    )
    candidates = {classes[least], *by_repeat, *(n for n, found in above.items() if found.low <= 0)}
    in_order = tuple(name for name in classes if name in candidates)
    return LeastRecall(classes[least], above, by_repeat, in_order)


def _least_of(labels: Labels, predicted: Labels, classes: int) -> int:
    together = count_by_group(labels, predicted, np.zeros_like(labels), classes)
    return int(np.nanargmin(recalls(together)[0]))
