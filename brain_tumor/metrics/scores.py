"""Scores of predicted classes, as the report's classification tables give them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix

from brain_tumor.metrics.arrays import Labels
from brain_tumor.metrics.registry import compute_scores, f1s, label_scores, precisions, recalls


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
        overall: Each score of labels in the registry, by key; None where 0/0.
        per_class: Scores by class name.
        confusion: Counts; row = true class, column = predicted class.
    """

    classes: tuple[str, ...]
    scans: int
    overall: dict[str, float | None]
    per_class: dict[str, ClassScores]
    confusion: tuple[tuple[int, ...], ...]


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
        >>> result.confusion, result.overall["balanced_accuracy"]
        (((1, 1), (0, 1)), 0.75)
    """
    if len(labels) == 0 or len(labels) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(labels)} labels")
    matrix = confusion_matrix(labels, predicted, labels=np.arange(len(classes)))
    confusions = matrix[None].astype(np.float64)
    overall = compute_scores(label_scores(), confusions)[0]
    each = (map(_defined, of(confusions)[0]) for of in (precisions, recalls, f1s))
    return Scores(
        classes=tuple(classes),
        scans=len(labels),
        overall={
            one.key: _defined(value) for one, value in zip(label_scores(), overall, strict=True)
        },
        per_class={
            name: ClassScores(precision, recall, f1, int(row.sum()))
            for name, row, precision, recall, f1 in zip(classes, matrix, *each, strict=True)
        },
        confusion=tuple(tuple(row.tolist()) for row in matrix),
    )


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
