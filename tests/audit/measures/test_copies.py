from collections import Counter
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.cluster import pair_confusion_matrix

from brain_tumor.audit.measures.copies import find_copies, score_matching

SCANS = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c"]), st.sampled_from("TS"), st.sampled_from("xy")),
    min_size=1,
    max_size=20,
)


@given(SCANS)
def test_groups_hold_all_scans_of_a_digest(scans: list[tuple[str, str, str]]) -> None:
    digests, folders, labels = zip(*scans, strict=True)
    found, across = find_copies(digests, folders, labels)
    counts = Counter(digest for digest in digests if digest)
    positions = {digest: [i for i, d in enumerate(digests) if d == digest] for digest in counts}
    assert found.groups == sum(number > 1 for number in counts.values())
    assert found.copies == sum(counts.values()) - len(counts)
    for folder in set(folders):
        own = [d for d, f in zip(digests, folders, strict=True) if f == folder and d]
        assert found.within[folder] == len(own) - len(set(own))
    assert sorted(across) == sorted(
        tuple(own) for own in positions.values() if len({labels[i] for i in own}) > 1
    )
    assert found.across_labels == len(across)
    # What is a copy of something is so inside a folder, or across folders.
    assert (found.copies == sum(found.within.values())) == (found.across_folders == 0)


PATHS = [str(number) for number in range(2000)]
# Cluster and slice of each scan; -1 is none, or unknown.
MATCHED = st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), min_size=1, max_size=40)


@given(MATCHED)
def test_pairs_are_those_of_a_plain_loop(scans: list[tuple[int, int]]) -> None:
    clusters, truth = np.array(scans).T
    scores = score_matching(clusters, truth, PATHS)
    pairs = [
        (a, b) for a, b in combinations(range(len(scans)), 2) if truth[a] >= 0 and truth[b] >= 0
    ]
    found = {(a, b) for a, b in pairs if clusters[a] == clusters[b] != -1}
    true = {(a, b) for a, b in pairs if truth[a] == truth[b]}
    assert (scores.found_pairs, scores.true_pairs) == (len(found), len(true))
    assert scores.right_pairs == len(found & true)
    assert sorted(scores.wrong) == sorted((PATHS[a], PATHS[b]) for a, b in found - true)
    assert sorted(scores.missed) == sorted((PATHS[a], PATHS[b]) for a, b in true - found)
    assert scores.precision == (len(found & true) / len(found) if found else None)
    assert scores.recall == (len(found & true) / len(true) if true else None)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=60))
def test_counts_are_scikit_learn_s_where_all_is_known(scans: list[tuple[int, int]]) -> None:
    clusters, truth = np.array(scans).T
    scores = score_matching(clusters, truth, PATHS)
    # It counts every pair twice, as (a, b) and (b, a).
    (_, wrong), (missed, right) = pair_confusion_matrix(truth, clusters) // 2
    assert scores.right_pairs == right
    assert scores.found_pairs == right + wrong
    assert scores.true_pairs == right + missed
    assert (len(scores.wrong), len(scores.missed)) == (wrong, missed)


def test_many_wrong_pairs_are_counted_but_not_listed() -> None:
    # A threshold far too low: two thousand scans in one cluster, each its own slice.
    scores = score_matching(np.zeros(2000, np.int64), np.arange(2000), PATHS, max_listed=10)
    assert scores.found_pairs == 2000 * 1999 // 2
    assert scores.precision == 0
    assert scores.recall is None
    assert scores.wrong == tuple(("0", str(other)) for other in range(1, 11))
    assert scores.missed == ()
