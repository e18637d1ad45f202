"""What a scan shows whatever its contrast: the directions of its edges, place by place.

A window, a gamma, sharpening, local normalisation or inversion changes how bright a place is and
how strong an edge, but hardly along which line the edge runs. So a picture is described by the
direction of its gradient, taken twice (an edge and its inverse are then the same direction), and by
how strong the gradient is beside those around it.
"""

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.data.groups.orientations import ORIENTATIONS
from brain_tumor.files.scans import Grey

# Pixels of a view of 96. Smoothed less, noise decides; more, and two slices look alike
# (`experiments/near_duplicates`).
_SMOOTHING = 1.5
_AROUND = 25  # side of the square whose mean gradient a pixel's own is compared with
_FAINT = 0.3  # grey values per pixel: a gradient this weak counts half even where all is flat

Floats = npt.NDArray[np.float32]
Steps = npt.NDArray[np.int8]
Structure = TypeVar("Structure", Steps, Floats, npt.NDArray[np.float64])
_STEPS = 127  # of an int8, a quarter of the memory of a float32


def local_structure(view: Grey) -> Steps:
    """Describe the edges of a picture `(S, S)`, place by place.

    Returns:
        `(2, S, S)`, int8: cosine and sine of twice the gradient's angle, times its relative
        strength in 0 to 1, times 127.
    """
    smooth = cv2.GaussianBlur(
        view.astype(np.float32), (0, 0), _SMOOTHING, borderType=cv2.BORDER_REPLICATE
    )
    across = cv2.Scharr(smooth, cv2.CV_32F, 1, 0, scale=1 / 32)
    down = cv2.Scharr(smooth, cv2.CV_32F, 0, 1, scale=1 / 32)
    squared = across * across + down * down
    strength = cv2.sqrt(squared)
    around = cv2.blur(strength, (_AROUND, _AROUND))
    # cos 2a = (x^2 - y^2) / (x^2 + y^2), sin 2a = 2 x y / (x^2 + y^2)
    weight = _STEPS / ((strength + around + _FAINT) * np.maximum(strength, 1e-6))
    structure = np.empty((2, *view.shape), np.int8)
    np.rint((across * across - down * down) * weight, out=structure[0], casting="unsafe")
    np.rint(2 * across * down * weight, out=structure[1], casting="unsafe")
    return structure


def orient_structure(structure: Structure, orientation: str) -> Structure:
    """Flip or turn what `local_structure` gave, `(..., 2, S, S)`, as `ORIENTATIONS` says.

    The same as describing the flipped or turned picture: a transposition changes the sign of the
    cosine, a single flip that of the sine.
    """
    transposed, rows, columns = ORIENTATIONS[orientation]
    turned = structure.swapaxes(-1, -2) if transposed else structure
    turned = turned[..., :: -1 if rows else 1, :: -1 if columns else 1]
    signs = np.array([-1 if transposed else 1, -1 if rows != columns else 1], structure.dtype)
    return np.asarray(turned * signs[:, None, None], structure.dtype)
