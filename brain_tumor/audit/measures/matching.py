"""How well clusters of near-duplicates agree with the known slices."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np

from brain_tumor.metrics.leakage import Ids

Pair = tuple[int, int]


@dataclass(frozen=True)
class MatchingScores:
    """Pairs of scans put into one cluster against pairs that truly show one slice.

    Attributes:
        true_pairs: Pairs that show one slice.
        found_pairs: Pairs put into one cluster.
        right_pairs: Pairs that are both.
        precision: `right_pairs / found_pairs` in [0, 1]; None where no pair was found.
        recall: `right_pairs / true_pairs` in [0, 1]; None where there is no pair to find.
        wrong: Rows of pairs put into one cluster that show two slices, the smaller first.
        missed: Rows of pairs that show one slice but are in two clusters, the smaller first.
    """

    true_pairs: int
    found_pairs: int
    right_pairs: int
    precision: float | None
    recall: float | None
    wrong: tuple[Pair, ...]
    missed: tuple[Pair, ...]


def score_matching(clusters: Ids, truth: Ids, max_listed: int = 1000) -> MatchingScores:
    """Score clusters of near-duplicates, over the scans whose slice is known.

    Args:
        clusters: Cluster of each scan, `(N,)`, int64; -1 for a scan that stands in none.
        truth: Slice that each scan shows, `(N,)`, int64; -1 where it is not known.
        max_listed: How many wrong pairs to list, and how many missed ones; the counts are always
            complete. A threshold far too low would otherwise list millions.

    Raises:
        ValueError: The lengths differ.

    Example:
        >>> scores = score_matching(np.array([0, 0, 0, 1]), np.array([5, 5, 6, -1]))
        >>> scores.true_pairs, scores.found_pairs, scores.right_pairs, scores.wrong
        (1, 3, 1, ((0, 2), (1, 2)))
    """
    if len(clusters) != len(truth):
        raise ValueError(f"{len(clusters)} clusters for {len(truth)} slices")
    # A number of its own, under all that are in use, for every scan that stands in no cluster.
    clusters = np.where(clusters < 0, -1 - np.arange(len(clusters)), clusters)
    rows = np.flatnonzero(truth >= 0)
    clusters, truth = clusters[rows], truth[rows]
    true_pairs, found_pairs = _pairs(truth), _pairs(clusters)
    right_pairs = _pairs(np.stack([clusters, truth]))
    return MatchingScores(
        true_pairs,
        found_pairs,
        right_pairs,
        right_pairs / found_pairs if found_pairs else None,
        right_pairs / true_pairs if true_pairs else None,
        tuple(islice(_disagreeing(clusters, truth, rows), max_listed)),
        tuple(islice(_disagreeing(truth, clusters, rows), max_listed)),
    )


def _pairs(ids: Ids) -> int:
    """Count the pairs of equal columns; `(N,)` or `(2, N)`."""
    sizes = np.unique(ids, axis=-1, return_counts=True)[1]
    return int(np.sum(sizes * (sizes - 1) // 2))


def _disagreeing(one: Ids, other: Ids, rows: Ids) -> Iterator[Pair]:
    """Give the pairs of rows that are equal in `one` and differ in `other`, group by group."""
    order = np.argsort(one, kind="stable")
    starts = np.flatnonzero(np.diff(one[order])) + 1
    for members in np.split(order, starts):
        if len(np.unique(other[members])) > 1:
            for a, b in combinations(members.tolist(), 2):
                if other[a] != other[b]:
                    yield int(rows[a]), int(rows[b])
