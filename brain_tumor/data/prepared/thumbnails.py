"""Thumbnails: scans shrunk to one small square, in which near-duplicates are sought."""

import cv2
import numpy as np

from brain_tumor.files.scans import Grey

THUMBNAIL = 96  # pixels; findings on the real set were measured at this size


def thumbnail(scan: Grey) -> Grey:
    """Shrink a scan `(H, W)` of any size to `(96, 96)`, uint8, 0-255, whatever its aspect.

    Each pixel is the mean of the area it replaces.
    """
    side = (THUMBNAIL, THUMBNAIL)
    return np.asarray(cv2.resize(scan, side, interpolation=cv2.INTER_AREA), np.uint8)
