from itertools import pairwise
from string import ascii_letters
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import log_loss, roc_auc_score
from torchmetrics.functional.classification import multiclass_calibration_error

from brain_tumor.metrics.calibration import calibration_error_interval
from brain_tumor.metrics.probabilities import ProbabilityScores, bootstrap_probabilities
from brain_tumor.metrics.uncertainty import bootstrap
from brain_tumor.metrics.uncertainty.bootstrap import Interval, Resampling, bca_interval

# Whole logits: ties of probabilities and of confidences.
SCANS = st.lists(
    st.tuples(
        st.integers(0, 3), st.tuples(*[st.integers(-2, 3) for _ in range(4)]), st.integers(0, 5)
    ),
    min_size=1,
    max_size=30,
)
Scan = tuple[int, tuple[int, ...], int]


def drawn_part(seed: int, scans: int = 80, patients: int = 20) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, scans)
    logits = generator.normal(size=(scans, 4)) + 1.5 * np.eye(4)[labels]
    logits[::3] = np.round(logits[::3])  # some ties
    return labels, logits, generator.integers(0, patients, scans)


def columns(scans: list[Scan]) -> tuple[np.ndarray, ...]:
    labels, logits, groups = zip(*scans, strict=True)
    return np.array(labels), np.array(logits, np.float64), np.array(groups)


def scored(
    labels: np.ndarray, logits: np.ndarray, groups: np.ndarray, **more: Any
) -> ProbabilityScores:
    return bootstrap_probabilities(labels, logits, groups, ascii_letters[: logits.shape[1]], **more)


def every(result: ProbabilityScores) -> list[Interval]:
    return [one for one in (*result.scores.values(), *result.roc_auc.values()) if one is not None]


def numbers(result: ProbabilityScores) -> np.ndarray:
    return np.array([(each.value, each.low, each.high) for each in every(result)])


def brier(labels: np.ndarray, logits: np.ndarray) -> float:
    return np.mean(np.sum((softmax(logits, axis=1) - np.eye(logits.shape[1])[labels]) ** 2, axis=1))


def areas_of(labels: np.ndarray, logits: np.ndarray) -> list[float]:
    probabilities = softmax(logits, axis=1)
    return [
        roc_auc_score(labels == number, probabilities[:, number])
        if 0 < np.sum(labels == number) < len(labels)
        else np.nan
        for number in range(logits.shape[1])
    ]


def scores_of(samples: list[tuple[np.ndarray, ...]]) -> np.ndarray:
    areas = np.array([areas_of(*sample) for sample in samples])
    nll = [log_loss(y, softmax(z, axis=1), labels=range(4)) for y, z in samples]
    return np.array([nll, [brier(*each) for each in samples], *areas.T, np.nanmean(areas, axis=1)])


def gaps_of(labels: np.ndarray, logits: np.ndarray, kind: str, bins: int) -> np.ndarray:
    """Sum right - confidence over each bin by a plain loop, over the number of scans."""
    confidences = softmax(logits, axis=1).max(axis=1)
    gaps = (logits.argmax(axis=1) == labels) - confidences
    if kind == "width":
        edges = [k / bins for k in range(bins)] + [1.1]
        return np.array(
            [
                gaps[(low <= confidences) & (confidences < high)].sum() / len(gaps)
                for low, high in pairwise(edges)
            ]
        )
    # Scans of one confidence share their gaps, and each is cut into as many pieces as bins.
    shared = np.array([gaps[confidences == confidence].mean() for confidence in confidences])
    pieces = np.repeat(shared[np.argsort(confidences, kind="stable")], bins)
    return pieces.reshape(bins, -1).sum(axis=1) / len(pieces)


@pytest.mark.parametrize("block_bytes", [bootstrap.BLOCK_BYTES, 7 * 8 * 80])
def test_intervals_are_those_of_a_plain_loop_over_repeated_scans(
    monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(bootstrap, "BLOCK_BYTES", block_bytes)
    labels, logits, groups = drawn_part(0)
    result = scored(labels, logits, groups, bins=7, resampling=Resampling(150, seed=5, level=0.9))

    generator = np.random.default_rng(5)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    samples = []
    for _ in range(150):
        weights = generator.multinomial(len(members), np.full(len(members), 1 / len(members)))
        rows = np.concatenate([np.repeat(m, w) for m, w in zip(members, weights, strict=True)])
        samples.append((labels[rows], logits[rows]))
    without_each = [(labels[rows], logits[rows]) for rows in (groups != np.unique(groups)[:, None])]
    own = result.scores
    found = [own["nll"], own["brier"], *result.roc_auc.values(), own["macro_roc_auc"]]
    for interval, values, left in zip(
        found, scores_of(samples), scores_of(without_each), strict=True
    ):
        expected = bca_interval(interval.value, values, left, 0.9)
        assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
    for kind, interval in (("width", own["ece_equal_width"]), ("mass", own["ece_equal_mass"])):
        expected = calibration_error_interval(
            gaps_of(labels, logits, kind, 7),
            np.array([gaps_of(*sample, kind, 7) for sample in samples]),
            0.9,
        )
        assert (interval.value, interval.low, interval.high) == pytest.approx(
            (expected.value, expected.low, expected.high)
        )


@given(SCANS)
@settings(max_examples=50, deadline=None)
def test_values_are_those_of_scikit_learn_and_torchmetrics(scans: list[Scan]) -> None:
    labels, logits, groups = columns(scans)
    result = scored(labels, logits, groups, resampling=Resampling(100))
    probabilities = softmax(logits, axis=1)
    assert result.scores["nll"].value == pytest.approx(
        log_loss(labels, probabilities, labels=range(4))
    )
    assert result.scores["brier"].value == pytest.approx(brier(labels, logits))
    theirs = multiclass_calibration_error(
        torch.from_numpy(probabilities), torch.from_numpy(labels), num_classes=4, n_bins=15
    )
    assert result.scores["ece_equal_width"].value == pytest.approx(theirs.item(), abs=1e-6)
    areas = areas_of(labels, logits)
    for ours, area in zip(result.roc_auc.values(), areas, strict=True):
        assert np.isnan(area) if ours is None else ours.value == pytest.approx(area)
    if result.scores["macro_roc_auc"] is None:
        assert np.isnan(areas).all()
    else:
        assert result.scores["macro_roc_auc"].value == pytest.approx(np.nanmean(areas))


@given(SCANS, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_neither_the_order_of_scans_nor_the_numbers_of_groups_matter(
    scans: list[Scan], random: object
) -> None:
    labels, logits, groups = columns(scans)
    as_given = scored(labels, logits, groups, resampling=Resampling(100))
    random.shuffle(scans)
    labels, logits, groups = columns(scans)
    shuffled = scored(labels, logits, groups * 1000 + 7, resampling=Resampling(100))
    assert numbers(shuffled) == pytest.approx(numbers(as_given), abs=1e-12)


@given(SCANS)
@settings(max_examples=25, deadline=None)
def test_every_interval_is_ordered_and_in_its_range(scans: list[Scan]) -> None:
    result = scored(*columns(scans), resampling=Resampling(100))
    for interval in every(result):
        assert 0 <= interval.low <= interval.high
    for interval in every(result)[2:]:
        assert interval.high <= 1
    assert result.scores["brier"].high <= 2


def test_the_same_seed_gives_the_same_numbers() -> None:
    part = drawn_part(3)
    assert scored(*part) == scored(*part)
    assert scored(*part) != scored(*part, resampling=Resampling(seed=1))


def test_what_cannot_vary_has_no_width() -> None:
    labels, logits, _ = drawn_part(1)
    result = scored(labels, logits, np.zeros(80, np.int64))
    assert len(every(result)) == 9
    for interval in every(result):
        assert interval.low == pytest.approx(interval.value)
        assert interval.high == pytest.approx(interval.value)


def test_one_scan_has_no_area() -> None:
    result = scored(np.array([1]), np.log([[0.3, 0.7]]), np.array([4]))
    assert set(result.roc_auc.values()) == {None} and result.scores["macro_roc_auc"] is None
    assert result.scores["nll"].value == pytest.approx(-np.log(0.7))
    assert result.scores["ece_equal_mass"].value == pytest.approx(0.3)


def test_a_class_that_does_not_occur_has_no_area_and_leaves_the_mean() -> None:
    labels, logits, groups = drawn_part(2)
    labels[labels == 3] = 0
    result = scored(labels, logits, groups)
    assert [area is None for area in result.roc_auc.values()] == [False, False, False, True]
    defined = [area.value for area in result.roc_auc.values() if area is not None]
    assert result.scores["macro_roc_auc"] is not None
    assert result.scores["macro_roc_auc"].value == pytest.approx(np.mean(defined))


def test_a_sure_error_costs_what_its_logits_say() -> None:
    logits = np.array([[1000.0, 0.0], [0.0, 40.0]])  # probabilities of 0 and 1 in float64
    result = scored(np.array([1, 1]), logits, np.arange(2))
    assert result.scores["nll"].value == pytest.approx((1000 + np.exp(-40)) / 2, rel=1e-15)


def test_a_test_part_of_the_report_s_size_takes_seconds_at_most() -> None:
    labels, logits, _ = drawn_part(2, scans=1648)
    started = perf_counter()
    scored(labels, logits, np.arange(1648))
    assert perf_counter() - started < 10  # 0.9 s on two slow cores


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"logits": np.array([[0.0, np.nan], [0.0, 0.0]])}, "1 of 2 scans are not finite"),
        ({"labels": np.array([0, 2])}, r"must lie in 0\.\.1"),
        ({"labels": np.array([], np.int64)}, "for 0 labels"),
        ({"groups": np.array([0])}, "1 groups"),
        ({"groups": np.array([0, -1])}, "needs a group"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict, message: str) -> None:
    part = {"labels": np.array([0, 1]), "logits": np.zeros((2, 2)), "groups": np.arange(2)}
    with pytest.raises(ValueError, match=message):
        scored(**(part | changes))
