"""Curves of what a threshold on a probability, or on confidence, buys and costs."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import softmax
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from brain_tumor.metrics.arrays import Labels, Values
from brain_tumor.metrics.logits import check_logits, confidence_and_rightness


class Curve(NamedTuple):
    """A curve, `(K,)` float64 both ways, and its area; all in [0, 1]."""

    x: Values
    y: Values
    area: float


@dataclass(frozen=True)
class RiskCoverage:
    """Error rate when only the most confident answers are given.

    Attributes:
        coverage: Share of the scans answered, rising to 1, `(K,)`, float64; one entry for each
            different confidence.
        risk: Share of the answers that are wrong, `(K,)`, float64.
        area: Integral of `risk_at` over coverages 0 to 1, in [0, 1] (AURC). Without ties it is
            the mean of the error rates of the 1, 2, ..., N most confident answers.
        confidence: Confidence of the least confident of these answers, falling, `(K,)`, float64.
    """

    coverage: Values
    risk: Values
    area: float
    confidence: Values

    def risk_at(self, coverage: float) -> float:
        """Give the error rate of the most confident answers, at least this share of all."""
        return float(self.risk[np.searchsorted(self.coverage, coverage)])

    def steps(self) -> list[tuple[float, float]]:
        """Give all that tells from which confidence on answers can be given at any error rate.

        Returns:
            Pairs of a risk and the lowest confidence that has it, risks falling, confidences
            rising. The lowest confidence such that of all answers at least so confident no larger
            share than a given one is wrong is that of the first pair with no larger risk. What has
            both a higher confidence and no lower risk is left out, so that there are no more pairs
            than wrong answers, and one.

        Example:
            >>> labels, logits = np.array([0, 0, 0]), np.log([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
            >>> [(round(risk, 3), round(least, 3)) for risk, least in
            ...  risk_coverage(labels, logits).steps()]
            [(0.333, 0.7), (0.0, 0.8)]
        """
        risk, confidence = self.risk[::-1], self.confidence[::-1]
        lower = np.diff(np.minimum.accumulate(risk), prepend=np.inf) < 0
        return list(zip(risk[lower].tolist(), confidence[lower].tolist(), strict=True))


def roc(labels: Labels, logits: Values, class_number: int) -> Curve | None:
    """Draw the ROC curve of a class's probability, the class against the rest.

    Args:
        labels: True class numbers, `(N,)`, int64, 0 to C - 1, N at least 1.
        logits: `(N, C)`, float64.
        class_number: Number of the class.

    Returns:
        x: false positive rate, rising; y: recall; area: under the curve. Points inside a run of
        equal steps in one direction are left out. None where the class or the rest is absent.

    Raises:
        ValueError: As `check_logits`.

    Example:
        >>> curve = roc(np.array([0, 1, 1]), np.log([[0.8, 0.2], [0.9, 0.1], [0.3, 0.7]]), 1)
        >>> curve.x.tolist(), curve.y.tolist(), curve.area
        ([0.0, 0.0, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0], 0.5)
    """
    check_logits(labels, logits)
    positive = labels == class_number
    if positive.all() or not positive.any():
        return None
    scores = softmax(logits, axis=1)[:, class_number]
    x, y, _ = roc_curve(positive, scores, drop_intermediate=True)
    return Curve(x, y, float(roc_auc_score(positive, scores)))


def precision_recall(labels: Labels, logits: Values, class_number: int) -> Curve | None:
    """Draw the precision-recall curve of a class's probability, the class against the rest.

    Args:
        labels: True class numbers, `(N,)`, int64, 0 to C - 1, N at least 1.
        logits: `(N, C)`, float64.
        class_number: Number of the class.

    Returns:
        x: recall, falling to 0; y: precision, 1 at recall 0; area: average precision, the mean of
        the precisions weighted by the gain in recall (steps, not trapezia, which would flatter).
        Points between which only precision falls are thinned out to the first and the last. None
        where the class is absent.

    Raises:
        ValueError: As `check_logits`.
    """
    check_logits(labels, logits)
    positive = labels == class_number
    if not positive.any():
        return None
    scores = softmax(logits, axis=1)[:, class_number]
    precision, recall, _ = precision_recall_curve(positive, scores, drop_intermediate=True)
    return Curve(recall, precision, float(average_precision_score(positive, scores)))


def risk_coverage(labels: Labels, logits: Values) -> RiskCoverage:
    """Tell how the error rate falls when unsure answers are withheld.

    Selective classification (Geifman and El-Yaniv, 2017, arXiv 1705.08500) with the softmax
    probability of the answer as confidence. Answers of one confidence are given together or not at
    all.

    Args:
        labels: True class numbers, `(N,)`, int64, 0 to C - 1, N at least 1.
        logits: `(N, C)`, float64.

    Raises:
        ValueError: As `check_logits`.

    Example:
        >>> curve = risk_coverage(np.array([0, 0]), np.log([[0.9, 0.1], [0.2, 0.8]]))
        >>> curve.coverage.tolist(), curve.risk.tolist(), curve.area, curve.risk_at(0.4)
        ([0.5, 1.0], [0.0, 0.5], 0.25, 0.0)
    """
    check_logits(labels, logits)
    confidences, right = confidence_and_rightness(labels, logits)
    order = np.argsort(-confidences, kind="stable")
    falls = np.flatnonzero(np.diff(confidences[order]))
    answered = np.append(falls, len(labels) - 1) + 1
    coverage = answered / len(labels)
    risk = np.cumsum(1 - right[order])[answered - 1] / answered
    area = float(np.diff(coverage, prepend=0) @ risk)
    return RiskCoverage(coverage, risk, area, confidences[order][answered - 1])
