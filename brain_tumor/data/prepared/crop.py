"""Cut a scan to the head: "Dataset & Preprocessing" of the report, second half."""

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.files.scans import Grey
from brain_tumor.settings import Range, Settings

Outline = npt.NDArray[np.int32]  # corners of a closed line, `(P, 1, 2)`: column, row


@dataclass(frozen=True)
class CropSettings(Settings, key="data.crop"):
    """How the head is told from the background.

    The report names the steps; the numbers come from matching its duplicate counts. What is largest
    is far beyond what a head of some hundred pixels needs; more would take hours, or all of memory.
    """

    blur_kernel: Annotated[int, Range(1, 99, odd=True)]  # side of the Gaussian kernel, pixels
    threshold: Annotated[int, Range(0, 254)]  # grey value; brighter pixels belong to the head
    erosions: Annotated[int, Range(0, 100)]  # rounds by a 3 x 3 square, which remove specks
    dilations: Annotated[int, Range(0, 100)]  # rounds by the same, which restore the outline
    size: Annotated[int, Range(32, 2048)]  # side of the cropped scan after resizing, pixels


@dataclass(frozen=True)
class CropBox:
    """Pixels of the raw scan; `right` and `bottom` are the first column and row left out."""

    left: int
    top: int
    right: int
    bottom: int


def find_head(scan: Grey, settings: CropSettings) -> CropBox | None:
    """Find the tight box around the largest bright region.

    The box runs from the contour's smallest to its largest coordinate, the latter left out, as
    slices from the extreme points do. None where nothing stands out (a blank scan, or a region one
    pixel wide).
    """
    outline = _outline(scan, settings)
    if outline is None:
        return None
    left, top, width, height = cv2.boundingRect(outline)
    if width == 1 or height == 1:
        return None
    return CropBox(left, top, left + width - 1, top + height - 1)


def cut_to_head(scan: Grey, box: CropBox, size: int) -> Grey:
    """Cut a scan `(H, W)` to the box and resize it bilinearly to `(size, size)`, uint8, 0-255."""
    inside = scan[box.top : box.bottom, box.left : box.right]
    return np.asarray(cv2.resize(inside, (size, size)), np.uint8)


def head_mask(scan: Grey, settings: CropSettings) -> Grey:
    """Fill the convex hull of the largest bright region, the one `find_head` puts its box around.

    The hull and not the outline: in a dark scan the scalp alone is brighter than the threshold and
    may not close, and what lies behind the gap is the brain.

    Returns:
        `(H, W)`, uint8: 255 in the head, else 0; all 0 where nothing stands out.
    """
    mask = np.zeros_like(scan)
    outline = _outline(scan, settings)
    if outline is not None:
        cv2.fillPoly(mask, [cv2.convexHull(outline)], 255)
    return mask


def _outline(scan: Grey, settings: CropSettings) -> Outline | None:
    blurred = cv2.GaussianBlur(scan, (settings.blur_kernel, settings.blur_kernel), 0)
    # From here on in place: memory that is new costs as much as what is computed in it.
    mask = cv2.threshold(blurred, settings.threshold, 255, cv2.THRESH_BINARY, dst=blurred)[1]
    square = np.ones((3, 3), np.uint8)
    mask = cv2.erode(mask, square, dst=mask, iterations=settings.erosions)
    mask = cv2.dilate(mask, square, dst=mask, iterations=settings.dilations)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return np.asarray(max(contours, key=cv2.contourArea), np.int32) if contours else None
