import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from brain_tumor.metrics.probabilities import bootstrap_probabilities
from brain_tumor.metrics.uncertainty.bootstrap import Resampling
from brain_tumor.trained.operating_point import Chosen, calibrate, choose, join, tumour_probability


def overconfident(scans: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels from a softmax, and give its logits three times too large."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(scans, 3)) * 1.5
    labels = np.array([generator.choice(3, p=row) for row in softmax(logits, axis=1)])
    return labels, 3 * logits


def test_validation_decides_temperature_and_operating_point() -> None:
    labels, logits = overconfident()
    chosen = choose((labels[:450], logits[:450]), healthy=1, least_sensitivity=0.9)
    assert chosen.threshold < 0.5
    assert chosen.fitted and chosen.temperature == pytest.approx(3, rel=0.2)
    likely = tumour_probability(logits[:450] / chosen.temperature, 1)
    tumour = labels[:450] != 1
    assert np.mean(likely[tumour] >= chosen.threshold) >= 0.9
    # The next larger threshold would miss the sensitivity: specificity cannot be had for free.
    above = np.min(likely[tumour & (likely > chosen.threshold)])
    assert np.mean(likely[tumour] >= above) < 0.9
    # On scans that were not looked at the probabilities are the better for it.
    groups = np.arange(450)
    before, after = (
        bootstrap_probabilities(
            labels[450:], values[450:], groups, "abc", resampling=Resampling(100)
        ).scores["nll"]
        for values in (logits, logits / chosen.temperature)
    )
    assert after.value < before.value - 0.1


@given(least=st.floats(0.01, 1.0), seed=st.integers(0, 2**32 - 1))
def test_no_tumour_s_class_is_called_healthy(least: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels, logits = generator.integers(0, 3, 40), generator.normal(size=(40, 3)) * 4
    labels[:2] = 0, 1
    logits[np.arange(40), labels] += 3 * generator.random()  # from useless to good
    chosen = choose((labels, logits), healthy=1, least_sensitivity=least)
    found = calibrate(labels, logits, np.arange(40), 1, chosen)
    called = found.likely >= found.threshold
    assert called[logits.argmax(axis=1) != 1].all()
    assert chosen.fitted and np.mean(called[labels != 1]) >= least


def test_nothing_is_fitted_without_validation_scans() -> None:
    assert choose(None, 2, 0.9) == Chosen(None, 0.5, False)
    assert choose(None, None, 0.9) == Chosen(None, None, False)
    labels, logits = overconfident(60)
    assert choose((labels, logits), None, 0.9).threshold is None
    lone = choose((np.ones_like(labels), logits), 1, 0.9)  # healthy scans alone
    assert (lone.threshold, lone.fitted) == (0.5, False) and lone.temperature is not None


def test_runs_are_judged_each_by_its_own() -> None:
    labels, logits = overconfident(20)
    groups = np.arange(20)
    first = calibrate(labels[:8], logits[:8], groups[:8], 0, Chosen(2.0, 0.3, True))
    second = calibrate(labels[8:], logits[8:], groups[8:], 0, Chosen(4.0, 0.6, True))
    both = join([first, second])
    np.testing.assert_array_equal(both.labels, labels)
    np.testing.assert_allclose(both.calibrated[:8], logits[:8] / 2)
    np.testing.assert_allclose(both.calibrated[8:], logits[8:] / 4)
    np.testing.assert_allclose(both.likely[8:], 1 - softmax(logits[8:] / 4, axis=1)[:, 0])
    assert both.threshold.tolist() == [0.3] * 8 + [0.6] * 12
    plain = calibrate(labels[8:], logits[8:], groups[8:], None, Chosen(None, None, False))
    assert (plain.calibrated, plain.likely, plain.threshold) == (None, None, None)
    mixed = join([first, plain])
    assert mixed.calibrated is None and mixed.likely is None and len(mixed.labels) == 20
