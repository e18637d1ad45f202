import numpy as np

from brain_tumor.predict.overlay import overlay

SCAN = np.random.default_rng(0).integers(0, 256, (40, 30), dtype=np.uint8)


def test_it_is_the_grey_scan_where_the_map_is_zero() -> None:
    found = overlay(SCAN, np.zeros(SCAN.shape, np.float32))
    assert found.dtype == np.uint8
    assert np.array_equal(found, np.repeat(SCAN[..., None], 3, axis=2))


def test_more_heat_is_more_colour_and_the_scan_stays_visible_below() -> None:
    cam = np.tile(np.linspace(0, 1, 30, dtype=np.float32), (40, 1))
    found = overlay(np.full(SCAN.shape, 90, np.uint8), cam)[0].astype(int)
    apart = np.abs(found - 90).sum(axis=1)
    assert (np.diff(apart) >= 0).all()
    assert apart[-1] > 200
    assert np.ptp(found, axis=1)[-1] > 30  # colour, not light alone
    peaks = np.ones(SCAN.shape, np.float32)
    dark, bright = (overlay(np.full(SCAN.shape, grey, np.uint8), peaks) for grey in (0, 255))
    assert (bright.astype(int) - dark > 60).all()
