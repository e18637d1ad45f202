"""Tumour against no tumour: a threshold on the probability of a tumour, and what it finds."""

from dataclasses import dataclass

import numpy as np

from brain_tumor.metrics.arrays import Labels, Mask, Values
from brain_tumor.metrics.uncertainty.bootstrap import RESAMPLING, Interval, Resampling
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores


@dataclass(frozen=True)
class DetectionScores:
    """What calling every scan of at least some probability a tumour finds.

    Attributes:
        threshold: The least probability called a tumour; None where scans have several.
        true_positives: Tumours called so.
        false_negatives: Tumours missed.
        true_negatives: Healthy scans called so.
        false_positives: Healthy scans called a tumour.
        sensitivity: Share of the tumours called so, in [0, 1]; None where there is no tumour.
        specificity: Share of the healthy scans called so, in [0, 1]; None where there is none.
    """

    threshold: float | None
    true_positives: int
    false_negatives: int
    true_negatives: int
    false_positives: int
    sensitivity: Interval | None
    specificity: Interval | None


def choose_threshold(tumour: Mask, probability: Values, least_sensitivity: float) -> float:
    """Find the largest threshold that still finds enough of the tumours.

    Of all thresholds with that sensitivity it has the best specificity. Choose it on validation
    scans, never on test scans; the sensitivity on other scans will differ.

    Args:
        tumour: Whether each scan shows a tumour, `(N,)`, bool; at least one does.
        probability: Probability of a tumour, `(N,)`, float64, in [0, 1].
        least_sensitivity: Share of the tumours to be found, above 0 and 1 at most.

    Returns:
        The threshold t: `probability >= t` is called a tumour. It is the probability of one of
        the tumours.

    Example:
        >>> tumour, probability = np.array([True, True, False]), np.array([0.9, 0.6, 0.7])
        >>> choose_threshold(tumour, probability, 0.5), choose_threshold(tumour, probability, 0.6)
        (0.9, 0.6)
    """
    falling = np.sort(probability[tumour])[::-1]
    # Shares as sensitivity itself is worked out: 0.07 * 100 is a little more than 7.
    sensitivities = np.arange(1, len(falling) + 1) / len(falling)
    return float(falling[np.searchsorted(sensitivities, least_sensitivity)])


def detect(
    tumour: Mask,
    probability: Values,
    groups: Labels,
    threshold: float | Values,
    *,
    resampling: Resampling = RESAMPLING,
) -> DetectionScores:
    """Score a threshold, with BCa intervals of a cluster bootstrap (see `bootstrap`).

    Args:
        tumour: Whether each scan shows a tumour, `(N,)`, bool, N at least 1.
        probability: Probability of a tumour, `(N,)`, float64, in [0, 1].
        groups: Group of each scan, `(N,)`, int64, at least 0.
        threshold: The least probability called a tumour, fixed, whatever scans it was chosen on;
            `(N,)` where scans of several runs, each with its own, are put together.
        resampling: How intervals are drawn.

    Raises:
        ValueError: No scans, or a group below 0.

    Example:
        >>> tumour, probability = np.array([True, True, False]), np.array([0.9, 0.6, 0.7])
        >>> scores = detect(tumour, probability, np.arange(3), threshold=0.8)
        >>> scores.true_positives, scores.false_negatives, scores.specificity.value
        (1, 1, 1.0)
    """
    called = probability >= threshold
    thresholds = np.unique(threshold)
    specificity, sensitivity = bootstrap_scores(
        tumour.astype(np.int64), called.astype(np.int64), groups, 2, resampling
    ).recalls
    return DetectionScores(
        float(thresholds[0]) if len(thresholds) == 1 else None,
        true_positives=int(np.sum(tumour & called)),
        false_negatives=int(np.sum(tumour & ~called)),
        true_negatives=int(np.sum(~tumour & ~called)),
        false_positives=int(np.sum(~tumour & called)),
        sensitivity=sensitivity,
        specificity=specificity,
    )
