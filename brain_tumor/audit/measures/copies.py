"""Copies: scans that share a digest, and how well clusters agree with the known slices."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, islice

import numpy as np
from sklearn.metrics.cluster import pair_confusion_matrix

from brain_tumor.audit.results.scans import DuplicateCounts, ScanPair, SliceAgreement
from brain_tumor.metrics.arrays import Labels

Group = tuple[int, ...]


def find_copies(
    digests: Sequence[str], folders: Sequence[str], labels: Sequence[str]
) -> tuple[DuplicateCounts, list[Group]]:
    """Group scans by digest; an empty digest equals no other.

    Returns:
        How many there are, and the positions of the scans of each group with more than one label,
        in order of first member.

    Example:
        >>> found, across = find_copies(["a", "b", "a"], ["T", "T", "V"], ["x", "x", "y"])
        >>> found.groups, found.copies, found.across_folders, across
        (1, 1, 1, [(0, 2)])
    """
    members: dict[str, list[int]] = defaultdict(list)
    for position, digest in enumerate(digests):
        if digest:
            members[digest].append(position)
    groups = [tuple(group) for group in members.values() if len(group) > 1]
    within = dict.fromkeys(folders, 0)
    for group in groups:
        for folder in {folders[i] for i in group}:
            within[folder] += sum(folders[i] == folder for i in group) - 1
    across = [group for group in groups if len({labels[i] for i in group}) > 1]
    counts = DuplicateCounts(
        groups=len(groups),
        copies=sum(len(group) - 1 for group in groups),
        within=within,
        across_folders=sum(len({folders[i] for i in group}) > 1 for group in groups),
        across_labels=len(across),
    )
    return counts, across


def score_matching(
    clusters: Labels, truth: Labels, paths: Sequence[str], max_listed: int = 1000
) -> SliceAgreement:
    """Score clusters of near-duplicates, over the scans whose slice is known.

    Args:
        clusters: Cluster of each scan, `(N,)`, int64; -1 for a scan that stands in none.
        truth: Slice that each scan shows, `(N,)`, int64; -1 where it is not known.
        paths: Name of each scan.
        max_listed: How many wrong pairs to list, and how many missed ones; the counts are always
            complete. A threshold far too low would otherwise list millions.

    Example:
        >>> scores = score_matching(np.array([0, 0, 0, 1]), np.array([5, 5, 6, -1]), "abcd")
        >>> scores.true_pairs, scores.found_pairs, scores.right_pairs, scores.wrong
        (1, 3, 1, (('a', 'c'), ('b', 'c')))
    """
    # A number of its own, under all that are in use, for every scan that stands in no cluster.
    clusters = np.where(clusters < 0, -1 - np.arange(len(clusters)), clusters)
    rows = np.flatnonzero(truth >= 0)
    clusters, truth, names = clusters[rows], truth[rows], [paths[row] for row in rows.tolist()]
    # It counts a pair in both directions.
    (_, wrong_pairs), (missed_pairs, right_pairs) = (
        pair_confusion_matrix(truth, clusters) // 2
    ).tolist()
    true_pairs, found_pairs = right_pairs + missed_pairs, right_pairs + wrong_pairs
    return SliceAgreement(
        true_pairs,
        found_pairs,
        right_pairs,
        right_pairs / found_pairs if found_pairs else None,
        right_pairs / true_pairs if true_pairs else None,
        tuple(islice(_disagreeing(clusters, truth, names), max_listed)),
        tuple(islice(_disagreeing(truth, clusters, names), max_listed)),
    )


def _disagreeing(one: Labels, other: Labels, names: Sequence[str]) -> Iterator[ScanPair]:
    """Give the pairs of scans that are equal in `one` and differ in `other`, group by group."""
    order = np.argsort(one, kind="stable")
    starts = np.flatnonzero(np.diff(one[order])) + 1
    for members in np.split(order, starts):
        if len(np.unique(other[members])) > 1:
            for a, b in combinations(members.tolist(), 2):
                if other[a] != other[b]:
                    yield names[a], names[b]
