import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import recall_score

from brain_tumor.metrics.uncertainty.bootstrap import Resampling, bca_interval
from brain_tumor.metrics.uncertainty.least_recall import LeastRecall, least_recall

CLASSES = ("glioma", "meningioma", "notumor")


def drawn(
    generator: np.random.Generator, recalls: tuple[float, ...], each: int = 150
) -> tuple[np.ndarray, np.ndarray]:
    """Draw `each` scans of each class, found as often as `recalls` says."""
    labels = np.tile(np.arange(len(recalls)), each)
    right = generator.random(len(labels)) < np.array(recalls)[labels]
    return labels, np.where(right, labels, (labels + 1) % len(recalls))


def found_for(
    labels: np.ndarray, predicted: np.ndarray, repeats: np.ndarray | None = None
) -> LeastRecall:
    repeats = np.zeros_like(labels) if repeats is None else repeats
    groups = np.arange(len(labels)) if repeats.max() == 0 else np.tile(np.arange(450), 2)
    found = least_recall(labels, predicted, groups, repeats, CLASSES, resampling=Resampling(500))
    assert found is not None
    return found


def test_differences_are_those_of_a_plain_loop_over_groups() -> None:
    generator = np.random.default_rng(0)
    labels, groups = generator.integers(0, 3, 90), generator.integers(0, 20, 90)
    predicted = np.where(generator.random(90) < 0.6, labels, generator.integers(0, 3, 90))
    found = least_recall(
        labels, predicted, groups, 0 * labels, CLASSES, resampling=Resampling(200, seed=3)
    )
    assert found is not None
    least = CLASSES.index(found.name)

    def above(times: np.ndarray) -> np.ndarray:
        rows = np.repeat(np.arange(90), times[np.searchsorted(names, groups)])
        own = recall_score(labels[rows], predicted[rows], average=None, labels=[0, 1, 2])
        return own - own[least]

    names = np.unique(groups)
    draws = np.random.default_rng(3).multinomial(len(names), [1 / len(names)] * len(names), 200)
    resampled = np.array([above(times) for times in draws])
    without = np.array([above(1 - np.eye(len(names), dtype=int)[i]) for i in range(len(names))])
    value = above(np.ones(len(names), int))
    assert value.min() == 0
    for number, name in enumerate(CLASSES):
        if number != least:
            own = bca_interval(value[number], resampled[:, number], without[:, number], 0.95)
            assert vars(found.above[name]) == pytest.approx(vars(own))


def test_a_class_far_below_the_others_is_decided() -> None:
    found = found_for(*drawn(np.random.default_rng(1), (0.9, 0.6, 0.95)))
    assert (found.name, found.candidates) == ("meningioma", ("meningioma",))
    assert all(one.low > 0 for one in found.above.values())


def test_classes_that_lie_together_are_not() -> None:
    found = found_for(*drawn(np.random.default_rng(2), (0.9, 0.9, 0.5)))
    assert found.candidates == ("notumor",)
    found = found_for(*drawn(np.random.default_rng(2), (0.8, 0.8, 0.99)))
    assert found.candidates == ("glioma", "meningioma")


def test_seeds_that_disagree_leave_both_open() -> None:
    """Each seed alone is sure, so intervals of both together may be, too."""
    generator = np.random.default_rng(3)
    first = drawn(generator, (0.5, 0.9, 0.95))
    second = drawn(generator, (0.9, 0.8, 0.95))
    labels, predicted = (np.concatenate(pair) for pair in zip(first, second, strict=True))
    found = found_for(labels, predicted, np.repeat([0, 1], 450))
    assert found.by_repeat == ("glioma", "meningioma")
    assert found.above["meningioma"].low > 0
    assert found.candidates == ("glioma", "meningioma")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_least_is_among_its_candidates_and_classes_without_scans_are_not(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels, predicted = generator.integers(0, 2, 40), generator.integers(0, 3, 40)
    found = least_recall(
        labels, predicted, np.arange(40), 0 * labels, CLASSES, resampling=Resampling(100, seed=0)
    )
    if len(np.unique(labels)) < 2:
        assert found is None
        return
    assert found is not None
    recalls = recall_score(labels, predicted, average=None, labels=[0, 1])
    assert recalls[CLASSES.index(found.name)] == recalls.min()
    assert found.name in found.candidates
    assert "notumor" not in (*found.above, *found.candidates)
