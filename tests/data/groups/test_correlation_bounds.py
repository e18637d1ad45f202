import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain_tumor.data.groups.correlation_bounds import BoundedScans
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient


def fields(rng: np.random.Generator, number: int) -> np.ndarray:
    """Smooth random fields, and noisy, turned copies of them: correlations of every size."""
    scans = []
    for _ in range(number):
        field = cv2.GaussianBlur(rng.normal(size=(96, 96)), (0, 0), rng.uniform(1, 9))
        noisy = field + rng.normal(size=field.shape) * field.std() * rng.uniform(0, 1)
        turned = orient(noisy.astype(np.float32), list(ORIENTATIONS)[rng.integers(8)])
        scans += [field, turned]
    return np.stack(
        [cv2.normalize(f, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8) for f in scans]
    )


def correlations(scans: np.ndarray) -> np.ndarray:
    """Every pair in every orientation, in float64: `(8, N, N)`."""
    flat = [
        np.corrcoef(scans.reshape(len(scans), -1), orient(scans, name).reshape(len(scans), -1))
        for name in ORIENTATIONS
    ]
    return np.stack(flat)[:, : len(scans), len(scans) :]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 0.999))
def test_no_pair_and_no_orientation_that_reaches_the_threshold_is_left_out(
    seed: int, least: float
) -> None:
    scans = fields(np.random.default_rng(seed), 6)
    bounded = BoundedScans(scans)
    everything = slice(0, len(scans))
    first, second = bounded.candidates(everything, everything, least)
    assert np.all(first < second)
    assert np.all(np.diff(first * len(scans) + second) > 0)  # row by row
    true = correlations(scans)
    reached = np.zeros((len(scans), len(scans)), bool)
    reached[first, second] = True
    assert np.all(reached[np.triu((true >= least).any(axis=0), 1)])
    reaching = bounded.reaching(first, second, least)
    assert np.all(reaching[true[:, first, second] >= least])


def test_most_orientations_of_most_pairs_are_left_out() -> None:
    scans = fields(np.random.default_rng(1), 60)
    bounded = BoundedScans(scans)
    everything = slice(0, len(scans))
    first, second = bounded.candidates(everything, everything, 0.9)
    assert len(first) < 0.2 * len(scans) * (len(scans) - 1) / 2
    reached = np.count_nonzero(bounded.reaching(first, second, 0.9))
    assert reached < 1.2 * np.count_nonzero(np.triu((correlations(scans) >= 0.88).any(axis=0), 1))


def test_two_blocks_give_the_pairs_between_them() -> None:
    scans = fields(np.random.default_rng(0), 20)[::2]
    scans[17] = scans[2][::-1]
    scans[1] = scans[0]
    first, second = BoundedScans(scans).candidates(slice(0, 10), slice(10, 20), 0.99)
    assert (first.tolist(), second.tolist()) == ([2], [17])


@pytest.mark.parametrize("value", [0, 7, 255])
def test_blank_thumbnails_are_of_norm_0_and_no_candidates(value: int) -> None:
    blank = np.full((40, 96, 96), value, np.uint8)
    bounded = BoundedScans(blank)
    assert not bounded.standardised(slice(0, 40)).any()
    assert len(bounded.candidates(slice(0, 40), slice(0, 40), 0.5)[0]) == 0


def test_thumbnails_are_standardised() -> None:
    scans = fields(np.random.default_rng(2), 20)
    whole = BoundedScans(scans).standardised(np.array([3, 30]))
    assert whole.dtype == np.float32
    expected = scans[[3, 30]].astype(float)
    expected -= expected.mean(axis=(1, 2), keepdims=True)
    expected /= np.linalg.norm(expected, axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(whole, expected, atol=1e-6)
