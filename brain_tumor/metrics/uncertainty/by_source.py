"""Scores of each of several joined sets by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.metrics.registry import label_scores
from brain_tumor.metrics.uncertainty.bootstrap import RESAMPLING, Interval, Labels, Resampling
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores


@dataclass(frozen=True)
class SourceScores:
    """Scores of the scans of one set.

    Attributes:
        source: The set's name.
        scans: Number of scans.
        groups: Number of groups of scans that the intervals resample.
        present: Numbers of the classes that have scans here.
        scores: Each score of labels in the registry, by key; None where it is 0/0, or has no
            meaning as a class has no scan here.
    """

    source: str
    scans: int
    groups: int
    present: tuple[int, ...]
    scores: Mapping[str, Interval | None]


def score_sources(
    labels: Labels,
    predicted: Labels,
    groups: Labels,
    sources: Sequence[str],
    classes: int,
    resampling: Resampling = RESAMPLING,
) -> tuple[SourceScores, ...]:
    """Score the scans of each set by themselves.

    Args:
        labels: True class numbers, `(N,)`, int64.
        predicted: Predicted class numbers, likewise.
        groups: Group of each scan, likewise.
        sources: Set of each scan, N.
        classes: Number of classes.
        resampling: How intervals are drawn.

    Returns:
        The sets in the order of their first scan.

    Example:
        >>> labels, predicted = np.array([0, 1, 0, 1]), np.array([0, 1, 0, 0])
        >>> sets = ["a", "a", "b", "b"]
        >>> found = score_sources(labels, predicted, np.arange(4), sets, 2, Resampling(100, 0.9, 0))
        >>> [(one.source, one.scores["accuracy"].value) for one in found]
        [('a', 1.0), ('b', 0.5)]
    """
    found = []
    for source in dict.fromkeys(sources):
        own = np.flatnonzero(np.array(sources) == source)
        present = tuple(np.unique(labels[own]).tolist())
        scored = bootstrap_scores(labels[own], predicted[own], groups[own], classes, resampling)
        complete = len(present) == classes
        scores = {
            one.key: scored.overall[one.key] if complete or one.absent_classes else None
            for one in label_scores()
        }
        number = len(np.unique(groups[own]))
        found.append(SourceScores(source, len(own), number, present, scores))
    return tuple(found)
