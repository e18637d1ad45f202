from collections.abc import Callable
from dataclasses import astuple
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from brain_tumor.metrics.uncertainty.bootstrap import Resampling, bca_interval
from brain_tumor.metrics.uncertainty.significance import (
    GradedPredictions,
    McNemar,
    holm,
    mcnemar_exact,
    paired_bootstrap,
)

SCORES = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "macro_f1": lambda labels, predicted: f1_score(labels, predicted, average="macro"),
}


def drawn_answers(seed: int, seeds: int = 1) -> GradedPredictions:
    """Answer the same 60 scans of 15 groups; `seed` settles how, `seeds` how often."""
    fixed = np.random.default_rng(99)
    labels, groups = fixed.integers(0, 4, 60), fixed.integers(0, 15, 60)
    generator = np.random.default_rng(seed)
    predicted = [
        np.where(generator.random(60) < 0.6, labels, generator.integers(0, 4, 60))
        for _ in range(seeds)
    ]
    return GradedPredictions(
        np.tile(labels, seeds), np.concatenate(predicted), np.tile(groups, seeds)
    )


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 5))
@settings(deadline=None)
def test_mcnemar_is_the_binomial_sum(only_first: int, only_second: int, both: int) -> None:
    labels = np.zeros(only_first + only_second + both + 1, np.int64)
    first, second = labels.copy(), labels.copy()
    second[:only_first] = 1
    first[only_first : only_first + only_second] = 1
    found = mcnemar_exact(labels, first, second)
    differing = only_first + only_second
    tail = sum(comb(differing, k) for k in range(min(only_first, only_second) + 1))
    assert (found.only_first_right, found.only_second_right) == (only_first, only_second)
    assert found.p_value == pytest.approx(min(1, 2 * tail / 2**differing))
    assert mcnemar_exact(labels, second, first).p_value == pytest.approx(found.p_value)


def test_where_both_err_differently_neither_is_right() -> None:
    labels = np.array([0, 0, 1])
    assert mcnemar_exact(labels, np.array([1, 0, 1]), np.array([2, 0, 1])) == McNemar(0, 0, 1.0)


@given(st.lists(st.floats(0, 1) | st.sampled_from([0.01, 0.02]), max_size=6))
def test_holm_is_the_closed_test_of_bonferroni(p_values: list[float]) -> None:
    """A hypothesis falls where every set of hypotheses that holds it falls by Bonferroni's test."""
    numbers = range(len(p_values))
    sets = [own for size in numbers for own in combinations(numbers, size + 1)]
    closed = [
        max(min(1.0, len(own) * min(p_values[i] for i in own)) for own in sets if number in own)
        for number in numbers
    ]
    assert holm(p_values) == pytest.approx(closed)


def test_differences_are_those_of_a_plain_loop_over_groups() -> None:
    first, second = drawn_answers(0), drawn_answers(1, seeds=3)
    found = paired_bootstrap(first, second, 4, resampling=Resampling(200, seed=5, level=0.9))

    generator = np.random.default_rng(5)
    names = np.unique(first.groups)
    draws = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), 200)

    def differences(weights: np.ndarray, measure: Callable[..., float]) -> float:
        values = []
        for one in (first, second):
            members = [np.flatnonzero(one.groups == name) for name in names]
            rows = [np.repeat(m, w) for m, w in zip(members, weights, strict=True)]
            chosen = np.concatenate(rows)
            values.append(measure(one.labels[chosen], one.predicted[chosen]))
        return values[1] - values[0]

    for name, measure in SCORES.items():
        interval = found[name]
        value = measure(second.labels, second.predicted) - measure(first.labels, first.predicted)
        drawn = np.array([differences(weights, measure) for weights in draws])
        others = 1 - np.eye(len(names), dtype=int)
        without_each = np.array([differences(weights, measure) for weights in others])
        expected = bca_interval(value, drawn, without_each, 0.9)
        assert astuple(interval) == pytest.approx(astuple(expected))


def test_the_other_way_round_the_sign_changes() -> None:
    first, second = drawn_answers(2, seeds=2), drawn_answers(3)
    there, back = (paired_bootstrap(*pair, 4) for pair in ((first, second), (second, first)))
    for name in SCORES:
        one, other = there[name], back[name]
        assert (one.value, one.low, one.high) == pytest.approx(
            (-other.value, -other.high, -other.low)
        )


def test_the_same_answers_do_not_differ_and_again_are_no_evidence() -> None:
    first, second = drawn_answers(4), drawn_answers(5)
    same = paired_bootstrap(first, first, 4)
    for name in SCORES:
        interval = same[name]
        assert (interval.value, interval.low, interval.high) == (0, 0, 0)
    twice = GradedPredictions(
        *(np.tile(getattr(second, k), 2) for k in ("labels", "predicted", "groups"))
    )
    assert paired_bootstrap(first, twice, 4) == paired_bootstrap(first, second, 4)


def test_pairing_narrows_what_resembles() -> None:
    first = drawn_answers(6)
    predicted = first.predicted.copy()
    predicted[:5] = first.labels[:5]
    paired = paired_bootstrap(first, GradedPredictions(first.labels, predicted, first.groups), 4)[
        "accuracy"
    ]
    other = paired_bootstrap(first, drawn_answers(7), 4)["accuracy"]
    assert paired.high - paired.low < 0.6 * (other.high - other.low)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_one_group_and_a_class_that_does_not_occur() -> None:
    labels, zeros = np.array([0, 1, 1]), np.zeros(3, np.int64)
    first = GradedPredictions(labels, np.array([0, 0, 3]), zeros)
    found = paired_bootstrap(first, GradedPredictions(labels, labels, zeros), 4)
    for name, measure in SCORES.items():
        interval = found[name]
        assert interval.value == pytest.approx(1 - measure(labels, first.predicted))
        assert interval.low == interval.high == pytest.approx(interval.value)


def test_what_makes_no_sense_is_refused() -> None:
    labels, groups = np.array([0, 1]), np.array([3, 4])
    fine = GradedPredictions(labels, labels, groups)
    with pytest.raises(ValueError, match="2 groups stand on one side only"):
        paired_bootstrap(fine, GradedPredictions(labels, labels, np.array([3, 5])), 4)
    with pytest.raises(ValueError, match="1 groups stand on one side only"):
        paired_bootstrap(fine, GradedPredictions(labels, labels, np.array([3, 3])), 4)
    with pytest.raises(ValueError, match=r"predictions must lie in 0\.\.3"):
        paired_bootstrap(fine, GradedPredictions(labels, np.array([0, 4]), groups), 4)
    with pytest.raises(ValueError, match="0 predictions"):
        paired_bootstrap(fine, GradedPredictions(labels[:0], labels[:0], groups[:0]), 4)
    with pytest.raises(ValueError, match="needs a group"):
        paired_bootstrap(fine, GradedPredictions(labels, labels, np.array([-1, 3])), 4)
