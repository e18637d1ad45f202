"""Fuzzing of what becomes of pixels. `make fuzz` tries many more cases than the default suite."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from brain_tumor.data.prepared.crop import (
    CropSettings,
    cut_to_head,
    find_head,
    head_mask,
)
from brain_tumor.data.prepared.harmonise import HarmoniseSettings, harmonise
from brain_tumor.data.prepared.thumbnails import thumbnail
from brain_tumor.files.picture import decode_grey

GREY = arrays.arrays(
    np.uint8,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=40),
    elements=st.sampled_from((0, 44, 45, 46, 255)),
)


@settings(deadline=None)
@given(GREY, st.sampled_from((1, 3, 5)), st.integers(0, 3), st.integers(0, 3))
def test_any_array_is_cut_within_itself(
    scan: np.ndarray, blur_kernel: int, erosions: int, dilations: int
) -> None:
    how = CropSettings(blur_kernel, 45, erosions, dilations, 32)
    height, width = scan.shape
    box = find_head(scan, how)
    mask = head_mask(scan, how)
    assert mask.shape == scan.shape
    assert set(np.unique(mask)) <= {0, 255}
    assert thumbnail(scan).shape == (96, 96)
    if box is None:
        return
    assert 0 <= box.left < box.right < width
    assert 0 <= box.top < box.bottom < height
    # The box runs over all of the region, but for its last column and row.
    rows, columns = np.nonzero(mask)
    bounds = (columns.min(), rows.min(), columns.max(), rows.max())
    assert (box.left, box.top, box.right, box.bottom) == bounds
    plain = cut_to_head(scan, box, 32)
    assert plain.shape == (32, 32)
    assert plain.min() >= scan[box.top : box.bottom, box.left : box.right].min()
    assert plain.max() <= scan[box.top : box.bottom, box.left : box.right].max()
    off = HarmoniseSettings(None, intensity=False, background=False, mask=False)
    np.testing.assert_array_equal(harmonise(scan, box, how, off), plain)
    for settings_ in (
        HarmoniseSettings(32, intensity=True, background=True, mask=False),
        HarmoniseSettings(None, intensity=False, background=False, mask=True),
    ):
        assert harmonise(scan, box, how, settings_).shape == (32, 32)


@settings(deadline=None)
@given(
    arrays.arrays(
        st.sampled_from((np.uint16, np.float32)),
        arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=8),
        elements=st.integers(0, 60_000),
    )
)
def test_more_bits_are_scaled_to_the_bulk_of_their_values(scan: np.ndarray) -> None:
    content = cv2.imencode(".tiff", scan)[1].tobytes()
    low, high = np.percentile(scan, (0.5, 99.5))
    if low == high:
        low, high = float(scan.min()), float(scan.max())
    grey = decode_grey(content)
    if low == high:
        assert grey.min() == grey.max()
        return
    expected = 255 * np.clip((scan - low) / (high - low), 0, 1)
    np.testing.assert_allclose(grey, expected, atol=0.501)
