"""Predicted probabilities in many weighted resamples, as a score that ranks them takes them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import softmax

from brain_tumor.metrics.uncertainty.bootstrap import Labels, Values, Weights
from brain_tumor.metrics.uncertainty.ranking import Ranking, rank


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
