import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from strange_pictures import NO_HEADS, phantom

from brain_tumor.metrics.picture_features import KINDS, picture_features

# Places of the finest level's numbers.
SIZE, SPREAD, TAILS, QUIET, DIRECTION, EVENNESS, FLATNESS, ACROSS, DOWN, DIAGONAL = range(10)
FINE = np.random.default_rng(0).normal(128, 20, (256, 256))


def one(picture: np.ndarray) -> np.ndarray:
    return np.asarray(picture_features(np.clip(picture, 0, 255).astype(np.uint8)[None])[0])


@given(arrays(np.uint8, st.tuples(st.just(2), st.integers(2, 40), st.integers(2, 40))))
@settings(max_examples=40, deadline=None)
def test_any_picture_gives_finite_numbers(images: np.ndarray) -> None:
    found = picture_features(images)
    assert found.shape == (2, sum(KINDS))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_blank_pictures_too(grey: int) -> None:
    assert np.isfinite(one(np.full((256, 256), grey))).all()


def test_a_scan_s_numbers_do_not_depend_on_those_beside_it() -> None:
    rng = np.random.default_rng(0)
    scans = [cv2.resize(draw(rng), (256, 256)) for draw in NO_HEADS.values()]
    images = np.stack(scans).astype(np.uint8)
    together = picture_features(images)
    assert all(np.array_equal(picture_features(images[n : n + 1])[0], together[n]) for n in (0, 5))


def test_noise_has_the_numbers_that_are_known_of_it() -> None:
    found = one(FINE)
    # Of a Gaussian: root of the mean square / mean size, and 4th root of the mean 4th power / that.
    assert found[SPREAD] == pytest.approx(np.log((np.pi / 2) ** 0.5), abs=0.02)
    assert found[TAILS] == pytest.approx(np.log(3**0.25), abs=0.02)
    assert found[QUIET] == pytest.approx(np.log(0.158 + 0.01), abs=0.03)  # within 0.1995 deviations
    assert found[DIRECTION] == pytest.approx(0, abs=0.02)


def test_neighbours_are_as_alike_as_numpy_finds_them() -> None:
    picture = np.clip(FINE, 0, 255).astype(np.uint8).astype(np.float32)
    band = picture - cv2.GaussianBlur(picture, (5, 5), 1.0)
    found = one(picture)
    for place, first, second in (
        (ACROSS, band[:, 1:], band[:, :-1]),
        (DOWN, band[1:], band[:-1]),
        (DIAGONAL, band[1:, 1:], band[:-1, :-1]),
    ):
        expected = np.corrcoef(first.ravel(), second.ravel())[0, 1]
        assert found[place] == pytest.approx(expected, abs=0.01)


def test_stripes_sharpness_and_clutter_show_in_their_numbers() -> None:
    stripes = 128 + 60 * np.sin(np.arange(256) / 2) + np.zeros((256, 1))
    assert one(stripes)[DIRECTION] > 1 > -1 > one(stripes.T)[DIRECTION]
    blurred = one(cv2.GaussianBlur(FINE, (0, 0), 2))
    assert blurred[SIZE] < one(FINE)[SIZE] - 1
    corner = np.full((256, 256), 128.0)
    corner[:64, :64] = FINE[:64, :64]
    assert one(corner)[EVENNESS] < one(FINE)[EVENNESS] - 1
    assert one(corner)[FLATNESS] < one(FINE)[FLATNESS]


def test_blocks_lie_where_they_are_in_the_picture() -> None:
    means = one(np.kron(np.arange(64).reshape(8, 8), np.ones((32, 32))))[KINDS[0] :][:64]
    assert means == pytest.approx(np.arange(64), abs=0.01)


def test_a_mirrored_scan_has_the_same_texture_and_mirrored_blocks() -> None:
    scan = cv2.resize(phantom(np.random.default_rng(0)), (256, 256))
    first, second = one(scan), one(scan[:, ::-1])
    turned = [n for n in range(KINDS[0]) if n % 10 != DIAGONAL]
    assert second[turned] == pytest.approx(first[turned], abs=1e-3)
    blocks = first[KINDS[0] :].reshape(3, 8, 8)[:, :, ::-1]
    assert second[KINDS[0] :] == pytest.approx(blocks.ravel(), abs=1e-3)


def test_another_size_is_brought_to_the_same() -> None:
    scan = cv2.resize(phantom(np.random.default_rng(0)), (256, 256))
    large = np.kron(scan, np.ones((2, 2), np.uint8))
    assert np.array_equal(one(large), one(scan))
