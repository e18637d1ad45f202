"""Scores of predicted probabilities, with intervals that resample whole groups of scans."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.metrics.arrays import Labels, Values, Weights
from brain_tumor.metrics.calibration import (
    ReliabilityBin,
    calibration_error_interval,
    equal_mass_gaps,
    equal_width_bins,
    reliability,
)
from brain_tumor.metrics.logits import check_logits, confidence_and_rightness
from brain_tumor.metrics.registry import SCORES, compute_scores, scores_needing
from brain_tumor.metrics.uncertainty.bootstrap import (
    RESAMPLING,
    Interval,
    Resampling,
    check_groups,
    resample,
)
from brain_tumor.metrics.uncertainty.weighted import WeightedPredictions


@dataclass(frozen=True)
class ProbabilityScores:
    """Scores of one part's probabilities.

    Attributes:
        scores: Each score of probabilities in the registry, by key; None where 0/0. Those of bins
            are expected calibration errors in [0, 1] of the answer's confidence, from bins of equal
            width and of equal numbers of scans; their intervals are of their own kind (see
            `calibration_error_interval`).
        roc_auc: Area under the ROC curve of each class's probability, the class against the rest,
            by class; None where the class or the rest is absent.
        reliability: Confidence and accuracy in bins of confidence.
    """

    scores: Mapping[str, Interval | None]
    roc_auc: Mapping[str, Interval | None]
    reliability: tuple[ReliabilityBin, ...]


def bootstrap_probabilities(
    labels: Labels,
    logits: Values,
    groups: Labels,
    classes: Sequence[str],
    *,
    bins: int = 15,
    resampling: Resampling = RESAMPLING,
) -> ProbabilityScores:
    """Score predicted probabilities, with intervals of a cluster bootstrap.

    Every resample takes whole groups of scans (see `bootstrap`); each number of a resample is
    exactly that of the scans it holds, a scan drawn twice being two scans. Intervals are BCa
    intervals but for the calibration errors, whose own kind `calibration_error_interval` explains.
    A resample without a class is left out of the interval of its area.

    Args:
        labels: True class numbers, `(N,)`, int64, 0 to C - 1, N at least 1.
        logits: `(N, C)`, float64; divided by a temperature where there is one.
        groups: Group of each scan, `(N,)`, int64, at least 0; `np.arange(N)` where every scan
            stands for itself.
        classes: Class names in the order of the numbers, C.
        bins: Number of bins of the calibration errors, at least 1.
        resampling: How intervals are drawn.

    Raises:
        ValueError: As `check_logits`, or groups that do not fit.

    Example:
        >>> logits = np.log([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7]])
        >>> scores = bootstrap_probabilities(np.array([0, 1, 1]), logits, np.arange(3), "ab")
        >>> round(scores.scores["nll"].value, 3), scores.roc_auc["b"].value
        (0.499, 1.0)
    """
    check_logits(labels, logits)
    check_groups(groups, len(labels))
    members, group = np.unique(groups, return_inverse=True)
    measure = _measure(labels, logits, group, bins)
    found = resample(measure, len(members), resampling, len(labels))
    of_scans, of_ranks = scores_needing("probabilities"), scores_needing("ranking")
    start = len(of_scans)
    areas = start + 2 * bins
    after = areas + logits.shape[1]
    every = {score.key: found.defined_interval(i) for i, score in enumerate(of_scans)}
    every |= {score.key: found.defined_interval(i) for i, score in enumerate(of_ranks, after)}
    for score, first in zip(scores_needing("bins"), (start, start + bins), strict=True):
        own = slice(first, first + bins)
        gaps = found.values[own], found.drawn[:, own]
        every[score.key] = calibration_error_interval(*gaps, resampling.level)
    return ProbabilityScores(
        {key: every[key] for key in SCORES if key in every},
        {
            name: found.defined_interval(i)
            for name, i in zip(classes, range(areas, after), strict=True)
        },
        reliability(labels, logits, bins),
    )


def _measure(
    labels: Labels, logits: Values, group: Labels, bins: int
) -> Callable[[Weights], Values]:
    """Work out once what all resamples share.

    Returns:
        What measures resamples: of how often each group stands in each, `(B, G)`, it makes
        `(B, K + 2 * bins + C + R)`: the K means over scans, gaps of both kinds of bins, each
        class's area, and the R scores of rankings; NaN where 0/0.
    """
    confidences, right = confidence_and_rightness(labels, logits)
    in_bin = equal_width_bins(confidences, bins) == np.arange(bins)[:, None]
    values = compute_scores(scores_needing("probabilities"), labels, logits)
    of_scans = (np.ones(len(labels)), *values.T, *(in_bin * (right - confidences)))
    sums = np.column_stack([np.bincount(group, own) for own in of_scans])
    order = np.argsort(confidences, kind="stable")
    rising = confidences[order], right[order]
    predictions = WeightedPredictions.of(labels, logits, group)

    def measure(weights: Weights) -> Values:
        drawn = predictions.weighted(weights)
        totals = weights @ sums
        gaps = equal_mass_gaps(*rising, drawn.of_scans[:, order], bins)
        ranked = compute_scores(scores_needing("ranking"), drawn)
        return np.column_stack((totals[:, 1:] / totals[:, :1], gaps, drawn.areas, ranked))

    return measure
