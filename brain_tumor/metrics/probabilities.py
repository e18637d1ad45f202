"""Scores of predicted probabilities, with intervals that resample whole groups of scans."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, softmax

from brain_tumor.metrics.calibration_error import (
    calibration_error_interval,
    equal_mass_gaps,
    equal_width_bins,
)
from brain_tumor.metrics.leakage import Rows
from brain_tumor.metrics.logits import check_logits, confidence_and_rightness
from brain_tumor.metrics.ranking import Ranking, rank
from brain_tumor.metrics.scores import Labels
from brain_tumor.metrics.uncertainty.bootstrap import (
    Interval,
    Values,
    Weights,
    check_resampling,
    resample,
)


@dataclass(frozen=True)
class ProbabilityScores:
    """Scores of one part's probabilities.

    Attributes:
        nll: Negative log-likelihood of the true class, nats per scan, at least 0.
        brier: Squared distance between probabilities and truth, summed over the classes, mean
            over the scans, 0 to 2 (Brier, 1950,
            doi 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2).
        ece_equal_width: Expected calibration error in [0, 1] of the answer's confidence, from bins
            of equal width; its interval is of its own kind (see `calibration_error`).
        ece_equal_mass: The same from bins of equal numbers of scans.
        roc_auc: Area under the ROC curve of each class's probability, the class against the rest,
            in the order of the numbers; None where the class or the rest is absent.
        macro_roc_auc: Mean of those that are defined; None where none is.
    """

    nll: Interval
    brier: Interval
    ece_equal_width: Interval
    ece_equal_mass: Interval
    roc_auc: tuple[Interval | None, ...]
    macro_roc_auc: Interval | None


def bootstrap_probabilities(
    labels: Labels,
    logits: Values,
    groups: Labels,
    *,
    bins: int = 15,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
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
        bins: Number of bins of the calibration errors, at least 1.
        resamples: Number of resamples, at least 100.
        seed: Seed of the resampling.
        level: Level of the intervals, between 0 and 1.

    Raises:
        ValueError: No scans, lengths that differ, logits that are not finite, or a value outside
            its range.

    Example:
        >>> logits = np.log([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7]])
        >>> scores = bootstrap_probabilities(np.array([0, 1, 1]), logits, np.arange(3))
        >>> round(scores.nll.value, 3), round(scores.brier.value, 3), scores.roc_auc[1].value
        (0.499, 0.327, 1.0)
    """
    check_logits(labels, logits)
    check_resampling(groups, len(labels), resamples, level)
    if bins < 1:
        raise ValueError(f"{bins} bins: at least 1")
    members, group = np.unique(groups, return_inverse=True)
    measure = _Measure.of(labels, logits, group, bins)
    found = resample(measure, len(members), resamples, seed, len(labels))
    areas = 2 + 2 * bins
    equal_width, equal_mass = (
        calibration_error_interval(
            found.values[start : start + bins], found.drawn[:, start : start + bins], level
        )
        for start in (2, 2 + bins)
    )
    *roc_auc, macro_roc_auc = (
        None if np.isnan(found.values[i]) else found.interval(i, level)
        for i in range(areas, len(found.values))
    )
    return ProbabilityScores(
        found.interval(0, level),
        found.interval(1, level),
        equal_width,
        equal_mass,
        tuple(roc_auc),
        macro_roc_auc,
    )


@dataclass(frozen=True)
class _Measure:
    """What all resamples share, worked out once.

    Attributes:
        sums: For each group, `(G, 3 + bins)`: scans, their sum of negative log-likelihoods, of
            Brier scores, and of right - confidence for each bin of equal width.
        group: Group of each scan, `(N,)`.
        rankings: Each class against the rest.
        by_confidence: Rows by rising confidence, `(N,)`.
        confidences: Of the answers, rising, `(N,)`.
        right: Whether they are right, likewise.
    """

    sums: Values
    group: Labels
    rankings: tuple[Ranking, ...]
    by_confidence: Rows
    confidences: Values
    right: Values

    @classmethod
    def of(cls, labels: Labels, logits: Values, group: Labels, bins: int) -> "_Measure":
        probabilities = softmax(logits, axis=1)
        confidences, right = confidence_and_rightness(labels, logits)
        # Not from the probabilities: they round to 0 where the logarithm is still a number.
        nll = -np.take_along_axis(log_softmax(logits, axis=1), labels[:, None], axis=1)[:, 0]
        brier = ((probabilities - np.eye(logits.shape[1])[labels]) ** 2).sum(axis=1)
        in_bin = equal_width_bins(confidences, bins) == np.arange(bins)[:, None]
        of_scans = (np.ones(len(labels)), nll, brier, *(in_bin * (right - confidences)))
        by_confidence = np.argsort(confidences, kind="stable")
        return cls(
            sums=np.column_stack([np.bincount(group, values) for values in of_scans]),
            group=group,
            rankings=tuple(rank(labels == i, own) for i, own in enumerate(probabilities.T)),
            by_confidence=by_confidence,
            confidences=confidences[by_confidence],
            right=right[by_confidence],
        )

    def __call__(self, weights: Weights) -> Values:
        """Measure resamples.

        Args:
            weights: How often each group stands in each resample, `(B, G)`, int64.

        Returns:
            `(B, 2 + 2 * bins + C + 1)`: two means, gaps of both kinds of bins, each class's area
            and the mean of those that are defined; NaN where 0/0.
        """
        bins = self.sums.shape[1] - 3
        totals = weights @ self.sums
        of_scans = weights[:, self.group]
        gaps = equal_mass_gaps(self.confidences, self.right, of_scans[:, self.by_confidence], bins)
        areas = np.column_stack([ranking.areas(of_scans) for ranking in self.rankings])
        with np.errstate(invalid="ignore"):
            macro = np.nansum(areas, axis=1) / np.sum(~np.isnan(areas), axis=1)
        return np.column_stack((totals[:, 1:] / totals[:, :1], gaps, areas, macro))
