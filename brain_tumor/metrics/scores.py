"""Scores of predicted classes, as the report's classification tables give them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassScores:
    """One class: precision, recall and F1 in [0, 1], None where 0/0, and its number of scans."""

    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True)
class Scores:
    """Scores of one part.

    Attributes:
        classes: Class names in the order of the labels.
        scans: Number of scans.
        accuracy: Share of scans predicted right, in [0, 1].
        balanced_accuracy: Mean recall over the classes that occur.
        macro_f1: Mean F1 over the classes that occur or are predicted.
        per_class: Scores by class name.
        confusion: Counts; row = true class, column = predicted class.
    """

    classes: tuple[str, ...]
    scans: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    per_class: dict[str, ClassScores]
    confusion: tuple[tuple[int, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, as `metrics.json` holds them."""
        return asdict(self)


def score(labels: Labels, predicted: Labels, classes: Sequence[str]) -> Scores:
    """Score predicted classes.

    Args:
        labels: True class numbers, `(N,)`, int64, N at least 1.
        predicted: Predicted class numbers, `(N,)`, int64.
        classes: Class names in the order of the numbers.

    Raises:
        ValueError: No scans, or the two lengths differ.

    Example:
        >>> result = score(np.array([0, 0, 1]), np.array([0, 1, 1]), ["glioma", "notumor"])
        >>> result.confusion, round(result.balanced_accuracy, 2)
        (((1, 1), (0, 1)), 0.75)
    """
    if len(labels) == 0 or len(labels) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(labels)} labels")
    numbers = np.arange(len(classes))
    matrix = confusion_matrix(labels, predicted, labels=numbers)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=numbers, zero_division=np.nan
    )
    per_class = {
        name: ClassScores(
            _defined(precision[i]), _defined(recall[i]), _defined(f1[i]), int(support[i])
        )
        for i, name in enumerate(classes)
    }
    return Scores(
        classes=tuple(classes),
        scans=len(labels),
        accuracy=float(np.mean(labels == predicted)),
        balanced_accuracy=float(np.nanmean(recall)),
        macro_f1=float(
            f1_score(labels, predicted, labels=numbers, average="macro", zero_division=np.nan)
        ),
        per_class=per_class,
        confusion=tuple(tuple(int(count) for count in row) for row in matrix),
    )


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
