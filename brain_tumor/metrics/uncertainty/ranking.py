"""Area under the ROC curve of many weighted resamples, after sorting once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from brain_tumor.metrics.uncertainty.bootstrap import Labels, Values, Weights


@dataclass(frozen=True)
class Ranking:
    """Scans of one class ranked among the rest.

    Attributes:
        own: Rows of the class, `(P,)`, int64.
        rest: Rows of the rest by rising score, `(Q,)`, int64.
        below: How many of the rest score less than each of the class, `(P,)`, int64.
        upto: How many score less or the same, `(P,)`, int64.
    """

    own: Labels
    rest: Labels
    below: Labels
    upto: Labels

    def areas(self, weights: Weights) -> Values:
        """Give the area under the ROC curve of each resample.

        It is the share of pairs, one scan of the class and one of the rest, in which the class
        scores more, ties counted half (Mann-Whitney; Hanley and McNeil, 1982,
        doi 10.1148/radiology.143.1.7063747). A scan drawn twice is two scans.

        Args:
            weights: How often each scan stands in each resample, `(B, N)`, int64.

        Returns:
            `(B,)`, float64, in [0, 1]; NaN where the class or the rest is absent.
        """
        rest = np.zeros((len(weights), len(self.rest) + 1), np.int64)
        np.cumsum(weights[:, self.rest], axis=1, out=rest[:, 1:])
        own = weights[:, self.own]
        twice_won = np.einsum("bp,bp->b", own, rest[:, self.below] + rest[:, self.upto])
        with np.errstate(invalid="ignore"):
            return np.asarray(twice_won / (2 * own.sum(axis=1) * rest[:, -1]), np.float64)


def rank(positive: npt.NDArray[np.bool_], scores: Values) -> Ranking:
    """Sort scans once, so that resamples need not.

    Args:
        positive: Whether each scan is of the class, `(N,)`, bool.
        scores: What ought to be larger for the class, `(N,)`, float64.

    Example:
        >>> ranking = rank(np.array([True, False, True]), np.array([0.5, 0.5, 0.9]))
        >>> ranking.areas(np.array([[1, 1, 1], [1, 1, 0], [1, 0, 1]]))
        array([0.75, 0.5 ,  nan])
    """
    own, rest = np.flatnonzero(positive), np.flatnonzero(~positive)
    rest = rest[np.argsort(scores[rest], kind="stable")]
    below = np.searchsorted(scores[rest], scores[own], side="left")
    upto = np.searchsorted(scores[rest], scores[own], side="right")
    return Ranking(own, rest, below, upto)
