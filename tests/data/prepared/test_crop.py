import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phantoms import draw_phantom
from scipy import ndimage
from scipy.spatial import ConvexHull, Delaunay

from brain_tumor.data.phantom import CLASSES, VIEWS
from brain_tumor.data.prepared.crop import (
    CropBox,
    CropSettings,
    cut_to_head,
    find_head,
    head_mask,
)
from brain_tumor.errors import ConfigError

REPORT = CropSettings(blur_kernel=3, threshold=45, erosions=2, dilations=2, size=256)


def block(value: int, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    scan = np.zeros((120, 160), np.uint8)
    scan[top:bottom, left:right] = value
    return scan


def test_a_bright_block_grows_by_the_blur_and_loses_its_last_row_and_column() -> None:
    # The 3 x 3 Gaussian puts a quarter of 200 = 50 > 45 on the ring around the block, so the mask
    # runs from 19 to 100 and from 29 to 80; the slice leaves out 100 and 80.
    assert find_head(block(200, 20, 30, 100, 80), REPORT) == CropBox(19, 29, 100, 80)


def test_a_dim_block_does_not_grow() -> None:
    # A quarter of 150 is under the threshold: the mask runs from 20 to 99 and from 30 to 79.
    assert find_head(block(150, 20, 30, 100, 80), REPORT) == CropBox(20, 30, 99, 79)


def test_the_largest_region_is_taken() -> None:
    scan = block(200, 20, 30, 100, 80)
    scan[5:20, 120:150] = 255
    assert find_head(scan, REPORT) == CropBox(19, 29, 100, 80)


@pytest.mark.parametrize("value", [0, 45])
def test_nothing_brighter_than_the_threshold_gives_no_box(value: int) -> None:
    assert find_head(np.full((64, 64), value, np.uint8), REPORT) is None


def test_specks_are_eroded_away() -> None:
    scan = np.zeros((64, 64), np.uint8)
    scan[10:13, 10:13] = 255
    assert find_head(scan, REPORT) is None


def scipy_head(scan: np.ndarray) -> np.ndarray:
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    blurred = np.floor(ndimage.convolve(scan.astype(float), kernel, mode="mirror") + 0.5)
    square = np.ones((3, 3))
    mask = ndimage.binary_erosion(blurred > 45, square, iterations=2, border_value=1)
    mask = ndimage.binary_dilation(mask, square, iterations=2)
    regions, number = ndimage.label(mask, square)
    # Filled, as the outer contour does not see holes.
    filled = [ndimage.binary_fill_holes(regions == i) for i in range(1, number + 1)]
    return max(filled, key=np.sum)


@pytest.mark.parametrize("label", CLASSES)
@pytest.mark.parametrize("view", VIEWS)
def test_box_and_mask_are_those_of_an_independent_implementation(label: str, view: str) -> None:
    scan = draw_phantom(label, view, np.random.default_rng(5)).pixels
    head = scipy_head(scan)
    mask = head_mask(scan, REPORT)
    assert set(np.unique(mask)) == {0, 255}
    pixels = np.argwhere(np.ones_like(head))
    # Of the corners alone: to search a triangulation of all pixels takes minutes.
    inside = np.argwhere(head)
    corners = inside[ConvexHull(inside).vertices]
    hull = Delaunay(corners).find_simplex(pixels).reshape(head.shape) >= 0
    # On the hull's own edge the two may round a pixel differently.
    assert np.all(mask[ndimage.binary_erosion(hull)] == 255)
    assert np.all(mask[~ndimage.binary_dilation(hull)] == 0)
    rows, columns = ndimage.find_objects(head.astype(int))[0]
    box = CropBox(columns.start, rows.start, columns.stop - 1, rows.stop - 1)
    assert find_head(scan, REPORT) == box


def plain_box(scan: np.ndarray, how: CropSettings) -> CropBox | None:
    """The report's steps one after the other, each into memory of its own."""
    square = np.ones((3, 3), np.uint8)
    mask = cv2.GaussianBlur(scan, (how.blur_kernel, how.blur_kernel), 0) > how.threshold
    mask = cv2.erode(mask.astype(np.uint8), square, iterations=how.erosions)
    mask = cv2.dilate(mask, square, iterations=how.dilations)
    contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    if not contours:
        return None
    points = max(contours, key=cv2.contourArea).reshape(-1, 2)
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return None if left == right or top == bottom else CropBox(left, top, right, bottom)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from([1, 3, 5]),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_the_box_is_that_of_the_plain_steps_and_the_scan_stays(
    seed: int, height: int, width: int, blur_kernel: int, erosions: int, dilations: int
) -> None:
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), rng.uniform(0.5, 6))
    scan = cv2.normalize(noise, None, 0, rng.integers(40, 256), cv2.NORM_MINMAX).astype(np.uint8)
    before = scan.copy()
    how = CropSettings(blur_kernel, 45, erosions, dilations, 256)
    assert find_head(scan, how) == plain_box(scan, how)
    np.testing.assert_array_equal(scan, before)


def test_the_mask_has_no_hole_no_gap_and_no_second_region() -> None:
    scan = block(150, 20, 30, 100, 80)
    scan[40:70, 40:60] = 0
    scan[40:70, 80:100] = 0
    scan[5:20, 120:150] = 255
    np.testing.assert_array_equal(head_mask(scan, REPORT), block(255, 20, 30, 100, 80))


def test_the_mask_of_a_blank_scan_is_empty() -> None:
    assert not head_mask(np.full((64, 64), 45, np.uint8), REPORT).any()


@settings(max_examples=25, deadline=None)
@given(st.integers(4, 60), st.integers(4, 60), st.integers(70, 110), st.integers(70, 110))
def test_shifting_a_block_shifts_its_box(left: int, top: int, right: int, bottom: int) -> None:
    box = find_head(block(200, left, top, right, bottom), REPORT)
    assert box == CropBox(left - 1, top - 1, right, bottom)


def test_the_cut_has_the_configured_size_and_type() -> None:
    cut = cut_to_head(block(200, 20, 30, 100, 80), CropBox(20, 30, 100, 80), 64)
    assert cut.shape == (64, 64)
    assert cut.dtype == np.uint8
    assert (cut == 200).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [("blur_kernel", 4), ("threshold", 300), ("erosions", -1), ("size", 8)],
)
def test_a_setting_out_of_range_is_named(name: str, value: int) -> None:
    values = {"blur_kernel": 3, "threshold": 45, "erosions": 2, "dilations": 2, "size": 256}
    with pytest.raises(ConfigError, match=name):
        CropSettings(**values | {name: value})
