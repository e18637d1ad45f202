import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from brain_tumor.metrics.robustness import bootstrap_robustness
from brain_tumor.metrics.uncertainty.bootstrap import Resampling
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores

SCANS, STRENGTHS = 120, 3


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray, dict[str, list[np.ndarray]], np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, SCANS)

    def worse(share: float) -> np.ndarray:
        return np.where(random.random(SCANS) < share, random.integers(0, 4, SCANS), labels)

    corrupted = {
        name: [worse(0.2 + step * strength) for strength in range(STRENGTHS)]
        for name, step in (("noise", 0.1), ("motion", 0.25))
    }
    return labels, worse(0.1), corrupted, random.integers(0, 40, SCANS)


def test_scores_are_scikit_learn_s() -> None:
    labels, clean, corrupted, groups = drawn()
    found = bootstrap_robustness(labels, clean, corrupted, groups, 4, resampling=Resampling(200))
    assert (found.scans, found.groups) == (SCANS, len(np.unique(groups)))
    assert found.clean.value == pytest.approx(balanced_accuracy_score(labels, clean))
    assert found.clean_accuracy == pytest.approx(accuracy_score(labels, clean))
    every = np.array(
        [[balanced_accuracy_score(labels, one) for one in own] for own in corrupted.values()]
    )
    for own, expected, (name, given) in zip(
        found.corruptions.values(), every, corrupted.items(), strict=True
    ):
        assert own.balanced_accuracy == pytest.approx(expected), name
        assert own.accuracy == pytest.approx([accuracy_score(labels, one) for one in given])
        assert own.mean.value == pytest.approx(expected.mean())
        assert own.mean.low < own.mean.value < own.mean.high
    assert found.by_strength == pytest.approx(every.mean(axis=0))
    assert found.mean.value == pytest.approx(every.mean())
    assert found.lost.value == pytest.approx(found.clean.value - every.mean())


def test_the_interval_of_the_clean_score_is_that_of_an_evaluation() -> None:
    labels, clean, corrupted, groups = drawn(1)
    found = bootstrap_robustness(
        labels, clean, corrupted, groups, 4, resampling=Resampling(300, seed=5)
    )
    scores = bootstrap_scores(labels, clean, groups, 4, resampling=Resampling(300, seed=5))
    alone = scores.overall["balanced_accuracy"]
    assert (found.clean.low, found.clean.high) == pytest.approx((alone.low, alone.high))


def test_corruptions_that_change_nothing_lose_nothing() -> None:
    labels, clean, _, groups = drawn(2)
    found = bootstrap_robustness(
        labels, clean, {"none": [clean] * 5}, groups, 4, resampling=Resampling(200)
    )
    assert (found.lost.value, found.lost.low, found.lost.high) == pytest.approx(
        (0, 0, 0), abs=1e-12
    )
    assert (found.mean.low, found.mean.high) == pytest.approx((found.clean.low, found.clean.high))


def test_the_same_scans_are_compared() -> None:
    # Half of the groups are hard, and the corruption costs each the same: the loss is sure, though
    # neither score is.
    labels, groups = np.tile([0, 1], 100), np.repeat(np.arange(50), 4)
    hard = groups % 2 == 0
    clean = np.where(hard & (np.arange(200) % 4 < 2), 1 - labels, labels)
    worse = np.where(np.arange(200) % 4 >= 2, 1 - labels, clean)
    found = bootstrap_robustness(
        labels, clean, {"half": [worse]}, groups, 2, resampling=Resampling(500)
    )
    assert found.clean.high - found.clean.low > 0.1
    assert found.lost.high - found.lost.low < 1e-9
