"""How much of a score is left on corrupted scans, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.metrics.arrays import Labels, Values, Weights
from brain_tumor.metrics.registry import accuracy, balanced_accuracy
from brain_tumor.metrics.uncertainty.bootstrap import RESAMPLING, Interval, Resampling, resample
from brain_tumor.metrics.uncertainty.intervals import count_by_group, weighted_sum, with_every_class


@dataclass(frozen=True)
class CorruptionScores:
    """Scores under one corruption.

    Attributes:
        accuracy: Share of scans predicted right, in [0, 1], by strength from the weakest.
        balanced_accuracy: Mean recall over the classes that occur, likewise.
        mean: Mean of the balanced accuracies.
    """

    accuracy: tuple[float, ...]
    balanced_accuracy: tuple[float, ...]
    mean: Interval


@dataclass(frozen=True)
class Robustness:
    """Scores of the same scans, clean and corrupted.

    Attributes:
        scans: Number of scans.
        groups: Number of groups that they form.
        clean_accuracy: Share of clean scans predicted right.
        clean: Balanced accuracy on clean scans.
        by_strength: Mean balanced accuracy over the corruptions at each strength.
        mean: Mean balanced accuracy over corruptions and strengths.
        lost: `clean` less `mean`.
        corruptions: By name.
    """

    scans: int
    groups: int
    clean_accuracy: float
    clean: Interval
    by_strength: tuple[float, ...]
    mean: Interval
    lost: Interval
    corruptions: dict[str, CorruptionScores]


def bootstrap_robustness(
    labels: Labels,
    clean: Labels,
    corrupted: Mapping[str, Sequence[Labels]],
    groups: Labels,
    classes: int,
    resampling: Resampling = RESAMPLING,
) -> Robustness:
    """Score predictions on clean and on corrupted scans, with BCa intervals of a cluster bootstrap.

    Every resample takes whole groups of scans (see `bootstrap`), the same ones clean and under
    every corruption, so that an interval of the loss knows that they are the same scans. The
    intervals are over scans; the corruptions and their strengths are as given.

    Args:
        labels: True class numbers, `(N,)`, int64, N at least 1.
        clean: Predicted class numbers of the clean scans, `(N,)`, likewise.
        corrupted: By corruption, predicted class numbers at each strength, as many for each.
        groups: Group of each scan, `(N,)`, int64, at least 0.
        classes: Number of classes.
        resampling: How intervals are drawn.

    Raises:
        ValueError: No scans, lengths that differ, or a value outside its range.
    """
    answers = [clean, *(one for provided in corrupted.values() for one in provided)]
    counts = [count_by_group(labels, one, groups, classes) for one in answers]

    def measure(weights: Weights) -> Values:
        balanced = np.stack(
            [
                balanced_accuracy(with_every_class(weighted_sum(weights, one), one))
                for one in counts
            ],
            axis=1,
        )
        each = balanced[:, 1:].reshape(len(weights), len(corrupted), -1).mean(axis=2)
        mean = each.mean(axis=1)
        return np.column_stack((balanced[:, 0], mean, balanced[:, 0] - mean, each))

    found = resample(measure, len(counts[0]), resampling)
    together = np.stack([one.sum(axis=0) for one in counts])
    complete = np.column_stack((accuracy(together), balanced_accuracy(together)))
    by_corruption = complete[1:].reshape(len(corrupted), -1, 2)
    return Robustness(
        scans=len(labels),
        groups=len(counts[0]),
        clean_accuracy=float(complete[0, 0]),
        clean=found.interval(0),
        by_strength=tuple(by_corruption[:, :, 1].mean(axis=0).tolist()),
        mean=found.interval(1),
        lost=found.interval(2),
        corruptions={
            name: CorruptionScores(
                tuple(by_corruption[place, :, 0].tolist()),
                tuple(by_corruption[place, :, 1].tolist()),
                found.interval(3 + place),
            )
            for place, name in enumerate(corrupted)
        },
    )
