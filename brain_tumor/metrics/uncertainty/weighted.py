"""Predicted probabilities in many weighted resamples, as a score that ranks them takes them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from brain_tumor.metrics.arrays import Labels, Values, Weights


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
    """Sort scans once, so that resamples need not, by scores that ought to be larger for the class.

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


@dataclass(frozen=True)
class WeightedPredictions:
    """Predictions of N scans in G groups, and how often each group counts in B resamples.

    Attributes:
        labels: True class numbers, `(N,)`, int64, 0 to C - 1.
        logits: `(N, C)`, float64, finite; divided by a temperature where there is one.
        probabilities: Their softmax, `(N, C)`, float64, in [0, 1].
        groups: Group of each scan, `(N,)`, int64, 0 to G - 1.
        rankings: Scans of each class among the rest by its probability, C of them.
        weights: How often each group stands in each resample, `(B, G)`, int64.
    """

    labels: Labels
    logits: Values
    probabilities: Values
    groups: Labels
    rankings: tuple[Ranking, ...]
    weights: Weights

    @classmethod
    def of(cls, labels: Labels, logits: Values, groups: Labels) -> "WeightedPredictions":
        """Take every group once: B is 1.

        Example:
            >>> logits = np.log([[0.9, 0.1], [0.4, 0.6]])
            >>> found = WeightedPredictions.of(np.array([0, 0]), logits, np.array([0, 1]))
            >>> found.of_scans, found.areas
            (array([[1, 1]]), array([[nan, nan]]))
        """
        probabilities = softmax(logits, axis=1)
        rankings = tuple(rank(labels == i, own) for i, own in enumerate(probabilities.T))
        once = np.ones((1, int(groups.max()) + 1), np.int64)
        return cls(labels, logits, probabilities, groups, rankings, once)

    def weighted(self, weights: Weights) -> "WeightedPredictions":
        """Take the same predictions in other resamples, `(B, G)`, int64."""
        return replace(self, weights=weights)

    @cached_property
    def of_scans(self) -> Weights:
        """How often each scan stands in each resample, `(B, N)`, int64."""
        return self.weights[:, self.groups]

    @cached_property
    def areas(self) -> Values:
        """Area under the ROC curve of each class against the rest, `(B, C)`; NaN where 0/0."""
        return np.column_stack([ranking.areas(self.of_scans) for ranking in self.rankings])
