from collections.abc import Callable
from dataclasses import astuple
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    precision_recall_fscore_support,
)

from brain_tumor.metrics.scores import Scores, score
from brain_tumor.metrics.uncertainty import bootstrap
from brain_tumor.metrics.uncertainty.bootstrap import Interval, Resampling, bca_interval
from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals, bootstrap_scores

NAMES = ("glioma", "meningioma", "notumor", "pituitary")
SCANS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=40
)


def drawn_part(seed: int, scans: int = 60, patients: int = 15) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, scans)
    guessed = generator.integers(0, 4, scans)
    predicted = np.where(generator.random(scans) < 0.7, labels, guessed)
    return labels, predicted, generator.integers(0, patients, scans)


def every(result: ScoreIntervals) -> list[Interval]:
    three = result.overall.values()
    per_class = (*result.recalls, *result.precisions, *result.f1s)
    return [*three, *(interval for interval in per_class if interval is not None)]


@pytest.mark.parametrize("block_bytes", [bootstrap.BLOCK_BYTES, 7 * 8 * 15])
def test_intervals_are_those_of_a_plain_loop(
    monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(bootstrap, "BLOCK_BYTES", block_bytes)
    labels, predicted, groups = drawn_part(0)
    result = bootstrap_scores(
        labels, predicted, groups, 4, resampling=Resampling(200, seed=5, level=0.9)
    )

    generator = np.random.default_rng(5)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    samples = []
    for _ in range(200):
        weights = generator.multinomial(len(members), np.full(len(members), 1 / len(members)))
        samples.append(
            np.concatenate([np.repeat(m, w) for m, w in zip(members, weights, strict=True)])
        )
    without_each = [np.flatnonzero(groups != group) for group in np.unique(groups)]

    scored = [
        [score(labels[rows], predicted[rows], NAMES) for rows in each]
        for each in ([np.arange(len(labels))], samples, without_each)
    ]

    def expected(value: Callable[[Scores], float | None]) -> Interval:
        """Take a number of whole samples; None, where undefined, becomes NaN."""
        whole, drawn, left = (np.array([value(one) for one in each], float) for each in scored)
        return bca_interval(whole[0], drawn, left, 0.9)

    def same(interval: Interval, other: Interval) -> bool:
        return astuple(interval) == pytest.approx(astuple(other))

    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        assert same(result.overall[name], expected(lambda s, n=name: s.overall[n]))
    for measure in ("recall", "precision", "f1"):
        for name, interval in zip(NAMES, getattr(result, f"{measure}s"), strict=True):
            of_class = expected(lambda s, n=name, m=measure: getattr(s.per_class[n], m))
            assert same(interval, of_class)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@given(SCANS)
@settings(max_examples=50, deadline=None)
def test_values_are_scikit_learn_s(scans: list[tuple[int, int, int]]) -> None:
    labels, predicted, groups = (np.array(values) for values in zip(*scans, strict=True))
    result = bootstrap_scores(labels, predicted, groups, 4, resampling=Resampling(100))
    assert result.overall["accuracy"].value == pytest.approx(accuracy_score(labels, predicted))
    assert result.overall["balanced_accuracy"].value == pytest.approx(
        balanced_accuracy_score(labels, predicted)
    )
    # Without `labels=` scikit-learn averages over what occurs or is predicted, too.
    assert result.overall["macro_f1"].value == pytest.approx(
        f1_score(labels, predicted, average="macro")
    )
    precisions, recalls, f1s, _ = precision_recall_fscore_support(
        labels, predicted, labels=range(4), zero_division=np.nan
    )
    pairs = (result.recalls, recalls), (result.precisions, precisions), (result.f1s, f1s)
    for found, expected in pairs:
        for ours, theirs in zip(found, expected, strict=True):
            assert np.isnan(theirs) if ours is None else ours.value == pytest.approx(theirs)


@given(SCANS, st.integers(0, 3))
@settings(max_examples=50, deadline=None)
def test_every_interval_is_ordered_and_grows_with_its_level(
    scans: list[tuple[int, int, int]], seed: int
) -> None:
    part = tuple(np.array(values) for values in zip(*scans, strict=True))
    narrow = bootstrap_scores(*part, 4, resampling=Resampling(150, seed=seed, level=0.5))
    wide = bootstrap_scores(*part, 4, resampling=Resampling(150, seed=seed, level=0.99))
    for inner, outer in zip(every(narrow), every(wide), strict=True):
        assert inner.value == outer.value
        assert 0 <= outer.low <= inner.low <= inner.high <= outer.high <= 1


@given(SCANS)
@settings(max_examples=25, deadline=None)
def test_neither_the_numbers_of_groups_nor_the_order_of_scans_matter(
    scans: list[tuple[int, int, int]],
) -> None:
    labels, predicted, groups = (np.array(values) for values in zip(*scans, strict=True))
    as_given = bootstrap_scores(labels, predicted, groups, 4, resampling=Resampling(100))
    # Numbers in the same order: the same draws fall on the same groups.
    renamed = bootstrap_scores(labels, predicted, groups * 1000 + 7, 4, resampling=Resampling(100))
    assert renamed == as_given
    order = np.argsort(predicted, kind="stable")
    shuffled = bootstrap_scores(
        labels[order], predicted[order], groups[order], 4, resampling=Resampling(100)
    )
    assert shuffled == as_given


def test_what_cannot_vary_has_no_width() -> None:
    labels, predicted, _ = drawn_part(1)
    one_group = bootstrap_scores(labels, predicted, np.zeros(60, np.int64), 4)
    for interval in every(one_group):
        assert interval.low == interval.high == pytest.approx(interval.value)
    all_right = bootstrap_scores(labels, labels, np.arange(60), 4)
    assert all(interval == Interval(1.0, 1.0, 1.0) for interval in every(all_right))


@pytest.mark.parametrize("each", [1, 3, 5])
def test_one_answer_for_all_scans_is_never_better_than_chance(each: int) -> None:
    labels = np.repeat([0, 1], each)
    found = bootstrap_scores(labels, np.zeros_like(labels), np.arange(2 * each), 2)
    # With so few groups, many resamples have one class alone.
    assert found.overall["balanced_accuracy"] == Interval(0.5, 0.5, 0.5)


@pytest.mark.parametrize("seed", range(5))
def test_accuracy_depends_on_what_is_right_alone(seed: int) -> None:
    labels, predicted = np.random.default_rng(seed).integers(0, 4, (2, 8))
    groups = np.arange(8) // 2
    found = bootstrap_scores(labels, predicted, groups, 4)
    # The same, had all scans been of one class, which no resample can miss.
    wrong = (labels != predicted).astype(np.int64)
    alike = bootstrap_scores(np.zeros_like(labels), wrong, groups, 2)
    assert found.overall["accuracy"] == alike.overall["accuracy"]


def test_a_class_that_neither_occurs_nor_is_predicted_has_no_scores() -> None:
    result = bootstrap_scores(np.array([0, 0, 2]), np.array([0, 2, 2]), np.arange(3), 4)
    assert [recall is None for recall in result.recalls] == [False, True, False, True]
    assert [value is None for value in result.precisions] == [False, True, False, True]
    assert [value is None for value in result.f1s] == [False, True, False, True]


def test_only_whole_groups_cover_the_truth_where_group_members_agree() -> None:
    # Forty patients with eight slices each, all right or all wrong: forty facts, not 320.
    generator = np.random.default_rng(0)
    labels, groups = np.zeros(320, np.int64), np.repeat(np.arange(40), 8)
    covered, widths = {"grouped": 0, "scan-wise": 0}, {"grouped": [], "scan-wise": []}
    for repetition in range(200):
        predicted = np.repeat((generator.random(40) < 0.3).astype(np.int64), 8)
        for kind, unit in (("grouped", groups), ("scan-wise", np.arange(320))):
            result = bootstrap_scores(
                labels, predicted, unit, 2, resampling=Resampling(300, seed=repetition)
            )
            accuracy = result.overall["accuracy"]
            covered[kind] += accuracy.low <= 0.7 <= accuracy.high
            widths[kind].append(accuracy.high - accuracy.low)
    # 95 % is meant; forty groups give a little less, and 200 repetitions tell +-0.03.
    assert covered["grouped"] / 200 > 0.88
    assert covered["scan-wise"] / 200 < 0.7
    # The variance of a mean of groups of eight that agree is eight times that of single scans.
    ratio = np.mean(widths["grouped"]) / np.mean(widths["scan-wise"])
    assert ratio == pytest.approx(np.sqrt(8), rel=0.1)


def test_a_test_part_of_the_report_s_size_takes_seconds_at_most() -> None:
    labels, predicted, _ = drawn_part(2, scans=1648)
    started = perf_counter()
    bootstrap_scores(labels, predicted, np.arange(1648), 4)
    assert perf_counter() - started < 5  # 0.2 s on two slow cores


@pytest.mark.parametrize(
    ("labels", "predicted", "groups", "changes", "message"),
    [
        ([], [], [], {}, "0 predictions"),
        ([0, 1], [0], [0, 1], {}, "1 predictions"),
        ([0, 1], [0, 1], [0], {}, "1 groups"),
        ([0, 4], [0, 1], [0, 1], {}, r"labels must lie in 0\.\.3"),
        ([0, 1], [-1, 1], [0, 1], {}, r"predictions must lie in 0\.\.3"),
        ([0, 1], [0, 1], [0, -1], {}, "needs a group"),
    ],
)
def test_what_makes_no_sense_is_refused(
    labels: list[int], predicted: list[int], groups: list[int], changes: dict, message: str
) -> None:
    arrays = (np.array(values, np.int64) for values in (labels, predicted, groups))
    with pytest.raises(ValueError, match=message):
        bootstrap_scores(*arrays, 4, **changes)
