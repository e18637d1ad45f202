"""Whether confidence keeps its word, and the temperature that mends it."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax

from brain_tumor.metrics.calibration_error import equal_width_bins
from brain_tumor.metrics.logits import check_logits, confidence_and_rightness
from brain_tumor.metrics.uncertainty.bootstrap import Labels, Values

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.01, 100.0


@dataclass(frozen=True)
class ReliabilityBin:
    """Scans of similar confidence.

    Attributes:
        low: Lower edge in [0, 1]; belongs to the bin.
        high: Upper edge; belongs to the next bin, but for the last.
        scans: Number of scans.
        confidence: Their mean confidence; None for an empty bin.
        accuracy: Share of them answered right; None for an empty bin.
    """

    low: float
    high: float
    scans: int
    confidence: float | None
    accuracy: float | None


def fit_temperature(labels: Labels, logits: Values) -> float:
    """Find the temperature T whose `softmax(logits / T)` has the least negative log-likelihood.

    Temperature scaling (Guo et al., 2017, arXiv 1706.04599) leaves every answer as it is and
    changes only how sure it is. Fit it on validation scans, never on test scans. The negative
    log-likelihood is convex in 1 / T, so its slope has one root at most.

    Args:
        labels: True class numbers, `(N,)`, int64, 0 to C - 1, N at least 1.
        logits: `(N, C)`, float64.

    Returns:
        T, 0.01 to 100: above 1 where the network is too sure. An end of the range where the
        optimum lies beyond it: the lowest where every answer is right by a margin, the highest
        where confidence is worth nothing.

    Raises:
        ValueError: As `check_logits`.

    Example:
        >>> logits = np.array([[9 * np.log(3), 0.0]] * 4)  # 3 of 4 are right: 3 to 1 is worth ln 3
        >>> round(fit_temperature(np.array([0, 0, 0, 1]), logits), 6)
        9.0
    """
    check_logits(labels, logits)
    of_truth = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]

    def slope(log_temperature: float) -> float:
        """Give the derivative to 1 / T: expected logit minus the true class's, mean."""
        expected = softmax(logits / np.exp(log_temperature), axis=1) * logits
        return float(np.mean(expected.sum(axis=1) - of_truth))

    low, high = np.log(LOWEST_TEMPERATURE), np.log(HIGHEST_TEMPERATURE)
    if slope(low) <= 0:
        return LOWEST_TEMPERATURE
    if slope(high) >= 0:
        return HIGHEST_TEMPERATURE
    return float(np.exp(brentq(slope, low, high, xtol=1e-12)))


def reliability(labels: Labels, logits: Values, bins: int = 15) -> tuple[ReliabilityBin, ...]:
    """Compare confidence with accuracy in bins of equal width, for a reliability diagram.

    The sum of `scans / N * abs(accuracy - confidence)` is the expected calibration error.

    Args:
        labels: True class numbers, `(N,)`, int64, 0 to C - 1, N at least 1.
        logits: `(N, C)`, float64.
        bins: Number of bins, at least 1.

    Raises:
        ValueError: As `check_logits`.

    Example:
        >>> reliability(np.array([0, 1]), np.array([[np.log(3), 0.0]] * 2), bins=2)[1]
        ReliabilityBin(low=0.5, high=1.0, scans=2, confidence=0.75, accuracy=0.5)
    """
    check_logits(labels, logits)
    confidences, right = confidence_and_rightness(labels, logits)
    numbers = equal_width_bins(confidences, bins)
    result = []
    for number in range(bins):
        own = numbers == number
        scans = int(own.sum())
        means = (float(values[own].mean()) if scans else None for values in (confidences, right))
        result.append(ReliabilityBin(number / bins, (number + 1) / bins, scans, *means))
    return tuple(result)
