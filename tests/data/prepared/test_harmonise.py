from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from omegaconf import DictConfig
from phantoms import draw_phantom

from brain_tumor.data.phantom import CLASSES, VIEWS
from brain_tumor.data.prepared.crop import (
    CropBox,
    CropSettings,
    cut_to_head,
    find_head,
    head_mask,
)
from brain_tumor.data.prepared.harmonise import (
    INTERQUARTILE_RANGE,
    MEDIAN,
    HarmoniseSettings,
    harmonise,
    limit_resolution,
    standardise,
)
from brain_tumor.errors import ConfigError

CROP = CropSettings(blur_kernel=3, threshold=45, erosions=2, dilations=2, size=256)
OFF = HarmoniseSettings(resolution=None, intensity=False, background=False, mask=False)
WHOLE = CropBox(0, 0, 256, 256)  # of a phantom: with it, cutting and resizing change nothing


def phantom(label: str = "glioma", view: str = "axial", seed: int = 0) -> np.ndarray:
    """Draw a head in air that is never quite black."""
    drawn = draw_phantom(label, view, np.random.default_rng(seed)).pixels
    return np.maximum(drawn, np.random.default_rng(seed).integers(1, 9, drawn.shape, np.uint8))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("label", CLASSES)
@pytest.mark.parametrize("view", VIEWS)
def test_with_all_off_a_scan_is_cut_and_nothing_else(label: str, view: str) -> None:
    scan = phantom(label, view)
    box = find_head(scan, CROP)
    assert box is not None
    np.testing.assert_array_equal(harmonise(scan, box, CROP, OFF), cut_to_head(scan, box, 256))


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(3, 90), st.integers(3, 90))),
    st.sampled_from([None, 32, 40]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([32, 50]),
)
def test_any_scan_gives_a_scan_of_the_configured_size(
    scan: np.ndarray, resolution: int | None, intensity: bool, background: bool, size: int
) -> None:
    box = CropBox(1, 1, scan.shape[1], scan.shape[0])
    chosen = HarmoniseSettings(resolution, intensity, background, mask=False)
    before = scan.copy()
    result = harmonise(scan, box, replace(CROP, size=size), chosen)
    assert result.shape == (size, size)
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(scan, before)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 120), st.integers(1, 130), st.floats(0, 1))
def test_a_standardised_head_is_that_of_the_formula_in_plain_numpy(
    seed: int, darkest: int, contrast: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    scan = rng.integers(darkest, darkest + contrast, (20, 30), np.uint8)
    inside = rng.random(scan.shape) < share
    result = standardise(scan, np.where(inside, 255, 0).astype(np.uint8))
    np.testing.assert_array_equal(result[~inside], scan[~inside])
    if inside.any():
        head = scan[inside].astype(float)
        lower, median, upper = np.percentile(head, [25, 50, 75], method="inverted_cdf")
        gain = INTERQUARTILE_RANGE / max(upper - lower, 1)
        expected = np.clip(MEDIAN + (head - median) * gain, 0, 255)
        assert np.abs(result[inside] - expected).max() <= 0.5 + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 9), st.floats(1, 2.2), st.floats(0, 30))
def test_heads_that_differ_by_contrast_alone_become_equal_up_to_rounding(
    seed: int, gain: float, offset: float
) -> None:
    # Without blur the mask depends on where the scan is bright and not on how bright.
    crop = replace(CROP, blur_kernel=1)
    drawn = draw_phantom("meningioma", "axial", np.random.default_rng(seed)).pixels
    inside = head_mask(drawn, crop) > 0
    plain = np.where(inside, 50 + drawn // 6, 0).astype(np.uint8)  # at most 92: nothing clips below
    other = np.where(inside, np.rint(plain * gain + offset), 0).astype(np.uint8)
    intensity = replace(OFF, intensity=True)
    one, two = (harmonise(scan, WHOLE, crop, intensity).astype(int) for scan in (plain, other))

    # Rounding moves each grey value of `other` and its quartiles by up to a half.
    lower, median, upper = np.percentile(plain[inside], [25, 50, 75], method="inverted_cdf")
    step = INTERQUARTILE_RANGE / max(gain * (upper - lower) - 1, 1)
    allowed = 1 + step * (1 + np.abs(plain - median) / (upper - lower))
    assert (np.abs(one - two) <= allowed).all()


@pytest.mark.parametrize(("gain", "offset"), [(1, 37), (2, 0), (2, 21)])
def test_a_contrast_change_without_rounding_leaves_no_trace(gain: int, offset: int) -> None:
    scan = np.random.default_rng(0).integers(20, 100, (60, 70), np.uint8)
    head = np.zeros_like(scan)
    head[5:50, 10:60] = 255
    changed = np.where(head > 0, scan * gain + offset, scan).astype(np.uint8)
    np.testing.assert_array_equal(standardise(changed, head), standardise(scan, head))
    assert not np.array_equal(standardise(scan, head), scan)


def test_a_head_of_one_grey_value_becomes_the_median() -> None:
    head = np.full((8, 8), 255, np.uint8)
    assert (standardise(np.full((8, 8), 201, np.uint8), head) == MEDIAN).all()


@pytest.mark.parametrize("view", VIEWS)
def test_the_background_is_black_and_the_head_untouched(view: str) -> None:
    scan = phantom(view=view)
    inside = head_mask(scan, CROP) > 0
    assert scan[~inside].all()
    result = harmonise(scan, WHOLE, CROP, replace(OFF, background=True))
    np.testing.assert_array_equal(result, np.where(inside, scan, 0))


@pytest.mark.parametrize("resolution", [None, 100])
def test_a_mask_is_black_and_white_and_has_the_outline_of_the_head(resolution: int | None) -> None:
    scan = phantom(view="coronal")
    chosen = replace(OFF, mask=True, resolution=resolution)
    box = find_head(scan, CROP)
    assert box is not None
    assert set(np.unique(harmonise(scan, box, CROP, chosen))) == {0, 255}
    agreement = harmonise(scan, WHOLE, CROP, chosen) == head_mask(scan, CROP)
    assert agreement.all() if resolution is None else agreement.mean() > 0.99


@pytest.mark.parametrize("side", [64, 100, 112])
def test_a_scan_and_its_enlargement_become_nearly_equal(side: int) -> None:
    scan = phantom()
    box = find_head(scan, CROP)
    assert box is not None
    large = cv2.resize(scan, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    twice = CropBox(2 * box.left, 2 * box.top, 2 * box.right, 2 * box.bottom)
    chosen = replace(OFF, resolution=side)
    one, two = harmonise(scan, box, CROP, chosen), harmonise(large, twice, CROP, chosen)
    assert correlation(one, two) > 0.999
    assert (
        np.abs(one.astype(int) - two).max()
        < np.abs(
            harmonise(scan, box, CROP, OFF).astype(int) - harmonise(large, twice, CROP, OFF)
        ).max()
    )


def test_a_scan_and_its_pixels_repeated_become_equal() -> None:
    scan = np.random.default_rng(0).integers(0, 256, (150, 130), np.uint8)
    repeated = scan.repeat(2, axis=0).repeat(2, axis=1)
    difference = limit_resolution(scan, 50).astype(int) - limit_resolution(repeated, 50)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("period", [2, 4])
@pytest.mark.parametrize("across", [True, False])
def test_detail_finer_than_the_resolution_is_gone(period: int, across: bool) -> None:
    stripes = np.tile(np.arange(256) % period < period // 2, (256, 1)) * np.uint8(200)
    scan = stripes.T.copy() if across else stripes
    assert np.ptp(harmonise(scan, WHOLE, CROP, OFF)) == 200
    assert (harmonise(scan, WHOLE, CROP, replace(OFF, resolution=64)) == 100).all()


def test_each_pixel_is_the_mean_of_those_it_replaces() -> None:
    scan = np.random.default_rng(0).integers(0, 256, (120, 160), np.uint8)
    means = scan.reshape(40, 3, 40, 4).mean(axis=(1, 3))
    assert np.abs(limit_resolution(scan, 40) - means).max() <= 0.5 + 1e-6


def test_one_axis_may_shrink_while_the_other_grows() -> None:
    scan = np.tile(np.array([0, 0, 200, 0], np.uint8), (20, 32))  # 20 rows, 128 columns
    assert (limit_resolution(scan, 32) == 50).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resolution", 31),
        ("resolution", 112.0),
        ("resolution", True),
        ("intensity", 1),
        ("background", None),
        ("mask", "no"),
    ],
)
def test_a_setting_of_the_wrong_kind_or_out_of_range_is_named(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"data\.harmonise\.{name} must"):
        replace(OFF, **{name: value})


def test_a_mask_cannot_be_standardised() -> None:
    with pytest.raises(ConfigError, match=r"data\.harmonise\.mask .*data\.harmonise\.intensity"):
        replace(OFF, mask=True, intensity=True)


def test_each_choice_of_the_configuration_sets_what_it_is_named_after(
    compose: Callable[..., DictConfig],
) -> None:
    def chosen(name: str) -> HarmoniseSettings:
        return HarmoniseSettings(**compose(f"data/harmonise={name}").data.harmonise)

    assert chosen("none") == OFF
    resolution = chosen("resolution").resolution
    assert resolution is not None
    assert chosen("resolution") == replace(OFF, resolution=resolution)
    for name in ("intensity", "background", "mask"):
        assert chosen(name) == replace(OFF, **{name: True})
    assert chosen("all") == replace(OFF, resolution=resolution, intensity=True, background=True)


@pytest.mark.parametrize(
    "change", [{"resolution": 64}, {"intensity": True}, {"background": True}, {"mask": True}]
)
def test_any_setting_takes_something_out(change: dict[str, object]) -> None:
    assert OFF.off
    assert not replace(OFF, **change).off
