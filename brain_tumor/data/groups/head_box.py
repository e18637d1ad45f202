"""Where the head lies in a frame, told by its edges: whatever its contrast, margins and scale.

`crop.find_head` follows the report, which asks for grey values over a threshold: another window
moves that box by half the head. Here it only has to be the same box for the same slice.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.data.groups.local_structure import Floats
from brain_tumor.data.groups.orientations import ORIENTATIONS
from brain_tumor.files.scans import Grey

_SMOOTHING = 1.5  # pixels of a thumbnail
_STRONG = 0.95  # quantile of the gradient that counts as a strong edge; all above count the same
_LEAST = 0.2  # of a strong edge: weaker ones are noise, and do not count
_OUTSIDE = 0.01  # share of all edges left out at each of the four ends
_BORDER = 2  # pixels around the frame that do not count: some have a line there, or half a one
_MARGIN = 0.06  # of the box's sides, added on each side: the scalp is half outside of its edges


@dataclass(frozen=True)
class HeadBox:
    """A box in a frame; 0 to 1 are the frame's ends, and a margin may lie outside of them."""

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Share of the frame that it covers, in 0 to about 1.3."""
        return self.width * self.height

    def oriented(self, orientation: str) -> "HeadBox":
        """Give the same box of the frame flipped or turned as `ORIENTATIONS` says."""
        transposed, rows, columns = ORIENTATIONS[orientation]
        left, top, width, height = self.left, self.top, self.width, self.height
        if transposed:
            left, top, width, height = top, left, height, width
        return HeadBox(
            1 - left - width if columns else left, 1 - top - height if rows else top, width, height
        )


def find_head_box(frame: Grey) -> HeadBox:
    """Find the box that holds the edges of a thumbnail; the whole frame where there is none.

    Args:
        frame: `(S, S)`, uint8, 0-255.
    """
    smooth = cv2.GaussianBlur(
        frame.astype(np.float32), (0, 0), _SMOOTHING, borderType=cv2.BORDER_REPLICATE
    )
    strength = cv2.magnitude(
        cv2.Scharr(smooth, cv2.CV_32F, 1, 0), cv2.Scharr(smooth, cv2.CV_32F, 0, 1)
    )
    inside = np.s_[_BORDER:-_BORDER, _BORDER:-_BORDER]
    strength = np.pad(strength[inside], _BORDER)
    strong = float(np.quantile(strength, _STRONG))
    edges = np.minimum(strength, strong)
    edges[edges < _LEAST * strong] = 0
    if not edges.any():
        return HeadBox(0, 0, 1, 1)
    edges[~_largest(edges)] = 0
    left, right = _ends(edges.sum(axis=0))
    top, bottom = _ends(edges.sum(axis=1))
    width, height = right - left, bottom - top
    return HeadBox(
        left - _MARGIN * width,
        top - _MARGIN * height,
        (1 + 2 * _MARGIN) * width,
        (1 + 2 * _MARGIN) * height,
    )


def view_head(frame: Grey, box: HeadBox) -> Grey:
    """Cut a box out of a thumbnail `(S, S)`, uint8, and enlarge it to the thumbnail's size."""
    side = len(frame)
    # Pixel centres lie at half a pixel.
    back = np.array(
        [
            [box.width, 0, box.left * side + 0.5 * box.width - 0.5],
            [0, box.height, box.top * side + 0.5 * box.height - 0.5],
        ]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(frame, back, (side, side), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def _largest(edges: Floats) -> npt.NDArray[np.bool_]:
    """Tell which pixels belong to the largest group of edges: not to letters, rulers and lines."""
    groups = cv2.connectedComponents((edges > 0).astype(np.uint8))[1]
    sums = np.bincount(groups.ravel(), edges.ravel())
    return np.asarray(groups == sums.argmax())


def _ends(edges: Floats) -> tuple[float, float]:
    """Give the two places, 0 to 1, with `_OUTSIDE` of the edges before and after them."""
    reached = np.concatenate(([0], np.cumsum(edges, dtype=np.float64)))
    places = np.linspace(0, 1, len(reached))
    low, high = np.interp([_OUTSIDE, 1 - _OUTSIDE], reached / reached[-1], places)
    return float(low), float(high)
