import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import log_loss
from torchmetrics.functional.classification import multiclass_calibration_error

from brain_tumor.metrics.calibration import (
    calibration_error_interval,
    calibration_errors,
    equal_mass_gaps,
    equal_width_bins,
    fit_temperature,
    reliability,
)
from brain_tumor.metrics.probabilities import bootstrap_probabilities
from brain_tumor.metrics.uncertainty.bootstrap import Resampling

# Confidences of few values (ties), right or wrong, and how often drawn.
SCANS = st.lists(
    st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 3)), min_size=1, max_size=25
)


def columns(scans: list[tuple[int, bool, int]]) -> tuple[np.ndarray, ...]:
    steps, right, weights = (np.array(values) for values in zip(*sorted(scans), strict=True))
    return 0.25 + steps / 8, right.astype(np.float64), weights


def gaps_of_cut_scans(confidences: np.ndarray, right: np.ndarray, bins: int) -> np.ndarray:
    """Cut each scan into `bins` equal pieces, so that every bin holds N whole pieces."""
    gaps = right - confidences
    shared = np.array([gaps[confidences == confidence].mean() for confidence in confidences])
    pieces = np.repeat(shared[np.argsort(confidences, kind="stable")], bins)
    return pieces.reshape(bins, -1).sum(axis=1) / len(pieces)


def drawn_part(seed: int, scans: int = 200, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, scans)
    return labels, 1.5 * np.eye(4)[labels] + generator.normal(0, noise, (scans, 4))


@pytest.mark.parametrize(("seed", "noise", "scale"), [(0, 1, 1), (1, 1, 9), (2, 2, 1), (3, 1, 0.2)])
def test_no_other_temperature_has_a_lower_loss(seed: int, noise: float, scale: float) -> None:
    labels, logits = drawn_part(seed, noise=noise)
    logits *= scale
    found = fit_temperature(labels, logits)

    def loss(temperature: float) -> float:
        return log_loss(labels, softmax(logits / temperature, axis=1), labels=range(4))

    least = loss(found)
    for other in np.geomspace(0.01, 100, 80):
        assert loss(other) >= least
    assert loss(found * 1.001) > least and loss(found / 1.001) > least


@given(st.integers(0, 100), st.floats(0.2, 5))
@settings(max_examples=25, deadline=None)
def test_scaled_logits_need_a_scaled_temperature(seed: int, scale: float) -> None:
    labels, logits = drawn_part(seed)
    once = fit_temperature(labels, logits)
    assert fit_temperature(labels, scale * logits) == pytest.approx(scale * once)
    # A class's logits are known up to a number that is added to all of a scan.
    assert fit_temperature(labels, logits + 7) == pytest.approx(once)


def test_logits_that_are_log_odds_need_none() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (100_000, 4))
    labels = np.array([(logits + generator.gumbel(size=logits.shape)).argmax(axis=1)])[0]
    assert fit_temperature(labels, logits) == pytest.approx(1, abs=0.02)


def test_where_no_temperature_is_best_the_nearest_end_is_taken() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 1.0]])
    assert fit_temperature(np.array([0, 1]), logits) == 0.01
    assert fit_temperature(np.array([1, 0]), logits) == 100


def test_no_scans_and_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="for 0 labels"):
        fit_temperature(np.array([], np.int64), np.zeros((0, 4)))
    for function in (fit_temperature, reliability):
        with pytest.raises(ValueError, match="1 of 2 scans are not finite"):
            function(np.array([0, 1]), np.array([[0, np.inf], [0, 0]]))


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 20))
@settings(max_examples=50, deadline=None)
def test_the_bins_hold_all_scans_and_add_up_to_the_calibration_error(
    seed: int, scans: int, bins: int
) -> None:
    labels, logits = drawn_part(seed, scans)
    found = reliability(labels, logits, bins)
    confidences = softmax(logits, axis=1).max(axis=1)
    right = logits.argmax(axis=1) == labels
    assert sum(each.scans for each in found) == scans
    assert [found[0].low, found[-1].high, len(found)] == [0, 1, bins]
    error = 0.0
    for each in found:
        own = (each.low <= confidences) & (confidences < each.high)
        assert each.scans == own.sum()
        if not each.scans:
            assert each.confidence is None and each.accuracy is None
            continue
        assert each.confidence == pytest.approx(confidences[own].mean())
        assert each.accuracy == pytest.approx(right[own].mean())
        error += each.scans / scans * abs(each.accuracy - each.confidence)
    scores = bootstrap_probabilities(
        labels, logits, np.arange(scans), "abcd", bins=bins, resampling=Resampling(100)
    )
    assert error == pytest.approx(scores.scores["ece_equal_width"].value)


def test_a_confidence_of_1_stands_in_the_last_bin() -> None:
    found = reliability(np.array([0]), np.array([[800.0, 0.0]]), bins=3)
    assert [each.scans for each in found] == [0, 0, 1]


@given(SCANS, st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_equal_mass_gaps_are_those_of_the_scans_themselves(
    scans: list[tuple[int, bool, int]], bins: int
) -> None:
    confidences, right, weights = columns(scans)
    if not weights.any():
        weights[0] = 1
    (found,) = equal_mass_gaps(confidences, right, weights[None], bins)
    repeated = np.repeat(confidences, weights), np.repeat(right, weights)
    assert found == pytest.approx(gaps_of_cut_scans(*repeated, bins))
    # The order of scans of one confidence has no influence.
    order = np.lexsort((-right, confidences))
    (again,) = equal_mass_gaps(confidences[order], right[order], weights[order][None], bins)
    assert again == pytest.approx(found)


def test_without_ties_equal_mass_is_the_mean_over_parts_of_equal_size() -> None:
    generator = np.random.default_rng(0)
    confidences = np.sort(generator.random(150))
    right = (generator.random(150) < confidences**2).astype(np.float64)
    gaps = equal_mass_gaps(confidences, right, np.ones((1, 150), np.int64), 15)
    parts = zip(np.split(right, 15), np.split(confidences, 15), strict=True)
    distances = [abs(accuracy.mean() - confidence.mean()) for accuracy, confidence in parts]
    assert np.abs(gaps).sum() == pytest.approx(np.mean(distances))


@pytest.mark.parametrize("bins", [1, 2, 10, 15])
def test_equal_width_is_torchmetrics_s_on_the_edges_too(bins: int) -> None:
    generator = np.random.default_rng(bins)
    # Quarters and eighths are edges for 2 bins, and exact in float32.
    first = np.concatenate([np.arange(8) / 8, generator.random(200)])
    probabilities = np.column_stack((first, 1 - first))
    labels = generator.integers(0, 2, len(first))
    confidences = probabilities.max(axis=1)
    gaps = (probabilities.argmax(axis=1) == labels) - confidences
    inside = confidences < 1  # exactly 1 is a bin of its own there, and in the last one here
    numbers = equal_width_bins(confidences[inside], bins)
    ours = np.abs(np.bincount(numbers, gaps[inside])).sum() / inside.sum()
    theirs = multiclass_calibration_error(
        torch.from_numpy(probabilities[inside]),
        torch.from_numpy(labels[inside]),
        num_classes=2,
        n_bins=bins,
        norm="l1",
    )
    assert ours == pytest.approx(theirs.item(), abs=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(5, 200), st.integers(1, 15))
@settings(max_examples=50, deadline=None)
def test_errors_are_the_values_that_stand_in_the_intervals(
    seed: int, scans: int, bins: int
) -> None:
    generator = np.random.default_rng(seed)
    labels, logits = generator.integers(0, 4, scans), generator.normal(0, 2, (scans, 4))
    found = calibration_errors(labels, logits, bins)
    intervals = bootstrap_probabilities(
        labels, logits, np.arange(scans), "abcd", bins=bins, resampling=Resampling(100)
    )
    assert found["ece_equal_width"] == pytest.approx(intervals.scores["ece_equal_width"].value)
    assert found["ece_equal_mass"] == pytest.approx(intervals.scores["ece_equal_mass"].value)
    theirs = multiclass_calibration_error(
        torch.from_numpy(softmax(logits, axis=1)), torch.from_numpy(labels), 4, n_bins=bins
    )
    assert found["ece_equal_width"] == pytest.approx(theirs.item(), abs=1e-6)


def test_an_edge_belongs_to_the_bin_above_it_and_1_to_the_last() -> None:
    assert equal_width_bins(np.array([0.0, 0.2, 0.4, 0.6, 1.0]), 5).tolist() == [0, 1, 2, 3, 4]


@given(st.integers(0, 2**32 - 1), st.integers(1, 15), st.floats(0, 0.2), st.floats(0.05, 0.99))
@settings(max_examples=50, deadline=None)
def test_the_interval_holds_the_error_and_keeps_to_its_range(
    seed: int, bins: int, noise: float, level: float
) -> None:
    generator = np.random.default_rng(seed)
    gaps = generator.normal(0, 0.5 / bins, bins)
    gaps /= max(1, np.abs(gaps).sum())
    drawn = gaps + generator.normal(0, noise / bins, (200, bins))
    interval = calibration_error_interval(gaps, drawn, level)
    assert interval.value == pytest.approx(np.abs(gaps).sum())
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


def test_gaps_of_pure_noise_leave_an_error_of_0_possible_and_sure_gaps_do_not() -> None:
    generator = np.random.default_rng(0)
    noise = generator.normal(0, 0.002, (2000, 15))
    unsure = calibration_error_interval(generator.normal(0, 0.002, 15), noise + 0.0, 0.95)
    assert unsure.value > 0.01 and unsure.low == 0
    gaps = np.full(15, 0.02)
    sure = calibration_error_interval(gaps, gaps + noise, 0.95)
    # Then it is a sum of numbers that keep their sign.
    assert (sure.low, sure.high) == pytest.approx(
        (0.3 - 1.96 * 0.002 * 15**0.5, 0.3 + 1.96 * 0.002 * 15**0.5), abs=1e-3
    )
