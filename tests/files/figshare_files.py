"""Files as Cheng's Figshare set has them, written by h5py as MATLAB writes v7.3."""

import io

import numpy as np
import pytest

h5py = pytest.importorskip("h5py")


def figshare_file(
    image: np.ndarray, label: int, patient: str, mask: np.ndarray | None = None
) -> bytes:
    """Write a file of the set.

    Args:
        image: `(H, W)`, as MATLAB's `imshow` shows it.
        label: 1, 2 or 3.
        patient: What becomes `PID`, a row of characters.
        mask: `(H, W)`; none of it where None is given.
    """
    mask = np.zeros(image.shape, bool) if mask is None else mask
    place = io.BytesIO()
    with h5py.File(place, "w", userblock_size=512) as file:
        data = file.create_group("cjdata")
        # MATLAB counts down columns, so HDF5 has the axes the other way round.
        data["image"] = np.ascontiguousarray(image.T).astype(np.int16)
        data["label"] = np.array([[float(label)]])
        data["PID"] = np.array([[ord(letter)] for letter in patient], np.uint16)
        data["tumorMask"] = np.ascontiguousarray(mask.T).astype(np.uint8)
        data["tumorBorder"] = np.zeros((1, 8))
    content = bytearray(place.getvalue())
    text = b"MATLAB 7.3 MAT-file, Platform: PCWIN64, Created on: Thu Jan 01 1970"
    content[:128] = text.ljust(124) + b"\x00\x02IM"
    return bytes(content)
