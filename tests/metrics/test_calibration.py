import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import log_loss

from brain_tumor.metrics.calibration import fit_temperature, reliability
from brain_tumor.metrics.probabilities import bootstrap_probabilities
from brain_tumor.metrics.uncertainty.bootstrap import Resampling


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
