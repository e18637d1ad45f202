import cv2
import numpy as np
import pytest

from brain_tumor.data.groups.local_structure import local_structure, orient_structure
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient


def picture(seed: int = 0) -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(96, 96)), (0, 0), 3)
    return cv2.normalize(noise, None, 20, 230, cv2.NORM_MINMAX).astype(np.uint8)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_turning_what_is_said_is_saying_what_is_turned(name: str) -> None:
    turned = np.ascontiguousarray(orient(picture(), name))
    said = local_structure(turned).astype(int)
    # Rounding to whole steps may differ by one.
    assert np.abs(orient_structure(local_structure(picture()), name) - said).max() <= 1


def test_the_inverse_says_the_same() -> None:
    plain, inverse = local_structure(picture()).astype(int), local_structure(255 - picture())
    assert np.abs(plain - inverse).max() <= 1


def test_more_contrast_says_nearly_the_same() -> None:
    faint = (picture() // 3 + 60).astype(np.uint8)
    plain, said = (local_structure(p).astype(float).ravel() for p in (picture(), faint))
    assert np.corrcoef(plain, said)[0, 1] > 0.98


def test_directions_are_those_of_edges() -> None:
    ramp = np.tile(np.arange(96, dtype=np.uint8) * 2, (96, 1))
    across, down = local_structure(ramp), local_structure(np.ascontiguousarray(ramp.T))
    inner = np.s_[30:60, 30:60]
    # Twice the angle: 0 degrees for a gradient to the right, 180 for one downwards.
    assert (across[0][inner] > 0).all() and (down[0][inner] < 0).all()
    assert not across[1][inner].any() and not down[1][inner].any()


def test_what_is_flat_says_nothing() -> None:
    assert not local_structure(np.full((96, 96), 77, np.uint8)).any()
