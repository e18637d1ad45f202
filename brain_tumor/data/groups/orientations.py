"""The eight orientations of a square: as it is, mirrored, turned, transposed."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from brain_tumor.files.scans import Grey

AS_IS = "as is"
# What turns the second scan of a pair into the first: transposed, then rows, then columns reversed.
ORIENTATIONS = {
    AS_IS: (False, False, False),
    "mirrored left to right": (False, False, True),
    "mirrored top to bottom": (False, True, False),
    "turned by 180 degrees": (False, True, True),
    "turned clockwise": (True, False, True),
    "turned anticlockwise": (True, True, False),
    "transposed": (True, False, False),
    "transposed along the other diagonal": (True, True, True),
}

Pixels = TypeVar("Pixels", Grey, npt.NDArray[np.float32])


def orient(scans: Pixels, orientation: str) -> Pixels:
    """Flip or turn square scans `(..., S, S)` as `ORIENTATIONS` says; gives a view of them."""
    transposed, rows, columns = ORIENTATIONS[orientation]
    turned = scans.swapaxes(-1, -2) if transposed else scans
    return turned[..., :: -1 if rows else 1, :: -1 if columns else 1]
