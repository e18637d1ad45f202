"""Thumbnails: scans shrunk to one small square, in which near-duplicates are sought."""

from math import gcd

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.files.scans import Grey

THUMBNAIL = 96  # pixels; findings on the real set were measured at this size

# Sides that are a power of two and no less than 96. Their weights are multiples of 1/4 to 1/128 and
# grey values have 8 bits, so float32 sums are exact, in whatever order they are taken.
_EXACT = (128, 256, 512, 1024)


def thumbnail(scan: Grey) -> Grey:
    """Shrink a scan `(H, W)` of any size to `(96, 96)`, uint8, 0-255, whatever its aspect.

    Each pixel is the mean of the area it replaces, as by OpenCV's `INTER_AREA`, to the last bit.
    """
    height, width = scan.shape
    if height in _EXACT and width in _EXACT:
        return _shrink(scan, _WEIGHTS[height], _WEIGHTS[width])
    side = (THUMBNAIL, THUMBNAIL)
    return np.asarray(cv2.resize(scan, side, interpolation=cv2.INTER_AREA), np.uint8)


def _shrink(scan: Grey, down: npt.NDArray[np.float32], across: npt.NDArray[np.float32]) -> Grey:
    # What OpenCV does for these sides one pixel after the other, as two small matrix products:
    # a sixth of its time.
    strips = scan.astype(np.float32).reshape(-1, down.shape[1], scan.shape[1])
    rows = np.matmul(down, strips).reshape(-1, across.shape[1])
    means = np.matmul(rows, across.T).reshape(THUMBNAIL, THUMBNAIL)
    return np.asarray(np.rint(means), np.uint8)  # halves to even, as OpenCV


def _weights(side: int) -> npt.NDArray[np.float32]:
    """Weights of the pixels of a strip in each pixel that it becomes; all strips have the same."""
    strips = gcd(side, THUMBNAIL)
    few, many = THUMBNAIL // strips, side // strips
    edges = np.arange(many + 1) * few  # in steps of which a new pixel has `many`
    starts = np.arange(few)[:, None] * many
    overlap = np.minimum(edges[1:], starts + many) - np.maximum(edges[:-1], starts)
    return np.asarray(np.maximum(overlap, 0) / many, np.float32)


_WEIGHTS = {side: _weights(side) for side in _EXACT}
