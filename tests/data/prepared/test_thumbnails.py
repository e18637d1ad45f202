import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain_tumor.data.prepared.thumbnails import THUMBNAIL, thumbnail

SIDES = (96, 128, 192, 225, 256, 384, 512, 600, 1024)


def by_opencv(scan: np.ndarray) -> np.ndarray:
    return cv2.resize(scan, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SIDES), st.sampled_from(SIDES), st.integers(0, 2**32 - 1))
def test_a_thumbnail_is_opencvs_to_the_last_bit(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (height, width), np.uint8)
    # Of few grey values many means lie half-way between two.
    coarse = rng.choice(rng.integers(0, 256, 2), (height, width)).astype(np.uint8)
    for scan in (noise, coarse, noise[:, ::-1], coarse.T):
        np.testing.assert_array_equal(thumbnail(scan), by_opencv(scan))


@pytest.mark.parametrize("side", [128, 256, 512, 1024])
@pytest.mark.parametrize("value", [0, 1, 127, 255])
def test_a_flat_scan_stays_flat(side: int, value: int) -> None:
    small = thumbnail(np.full((side, side), value, np.uint8))
    assert small.dtype == np.uint8
    assert small.shape == (THUMBNAIL, THUMBNAIL)
    assert (small == value).all()
