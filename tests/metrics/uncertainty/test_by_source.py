import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from brain_tumor.metrics.uncertainty.bootstrap import Resampling
from brain_tumor.metrics.uncertainty.by_source import score_sources


@given(st.integers(0, 2**32 - 1))
def test_scores_are_those_of_the_scans_of_a_set_alone(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(3), np.arange(3), random.integers(0, 3, 20)])
    predicted = random.integers(0, 3, 26)
    sets = np.array(["b", "b", "b", "a", "a", "a", *random.choice(["a", "b"], 20)])
    groups = np.arange(26) // 2
    found = score_sources(labels, predicted, groups, sets.tolist(), 3, Resampling(100))
    assert [one.source for one in found] == ["b", "a"]
    for one in found:
        own = sets == one.source
        assert one.scans == own.sum() and one.groups == len(set(groups[own]))
        scores = {key: score.value for key, score in one.scores.items() if score is not None}
        assert np.isclose(scores["accuracy"], accuracy_score(labels[own], predicted[own]))
        expected = balanced_accuracy_score(labels[own], predicted[own])
        assert np.isclose(scores["balanced_accuracy"], expected)
