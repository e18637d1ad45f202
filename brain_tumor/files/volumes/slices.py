"""Slices of a volume: which ones, how grey, and turned as a radiologist sees them."""

import re
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.errors import ConfigError
from brain_tumor.files.scans import MAX_PIXELS, Grey, UndecodableScanError
from brain_tumor.files.volumes.volume import Volume
from brain_tumor.files.window import BRIGHTEST, DARKEST
from brain_tumor.settings import Settings

AXES = {"sagittal": 0, "coronal": 1, "axial": 2}  # the axis of a `Volume` that slices lie across
HEAD = 32  # grey value: brighter voxels are head, an eighth of the window
FULL = 0.25  # of the fullest slice's head: what has less is air, neck or the top of the skull

_EVERY = re.compile(r"every ([1-9][0-9]{0,3})")


@dataclass(frozen=True)
class VolumeSettings(Settings, key="data.volume"):
    """Which slices of a volume become scans."""

    axis: Literal["axial", "coronal", "sagittal"] = "axial"
    # So many, evenly spaced from the first to the last that is not empty; or `every 3` of these.
    slices: int | str = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        number = self.slices if isinstance(self.slices, int) else 1
        every = isinstance(self.slices, int) or _EVERY.fullmatch(self.slices)
        if not 1 <= number <= 10_000 or not every:
            raise ConfigError(
                f'data.volume.slices must be a whole number in 1..10000 or "every 3": '
                f"{self.slices!r}"
            )

    def choose(self, full: npt.NDArray[np.bool_]) -> list[int]:
        """Choose among the slices that show enough of a head, `(S,)`, bool.

        Example:
            >>> VolumeSettings("axial", 3).choose(np.array([0, 1, 1, 1, 1, 1, 0], bool))
            [1, 3, 5]
            >>> VolumeSettings("axial", "every 2").choose(np.array([0, 1, 1, 1, 1, 0], bool))
            [1, 3]
        """
        there = np.flatnonzero(full)
        if not len(there):
            return []
        first, last = int(there[0]), int(there[-1])
        if isinstance(self.slices, str):
            return list(range(first, last + 1, int(self.slices.split()[1])))
        number = min(self.slices, last - first + 1)
        # The middle of as many equal parts, so that one slice is the middle one.
        places = first + (np.arange(number) + 0.5) * (last - first + 1) / number - 0.5
        return [int(place) for place in np.floor(places + 0.5)]


def to_grey(volume: Volume) -> Grey:
    """Bring all values of a volume to grey by one window, so that its slices can be compared.

    The window runs from the `DARKEST` to the `BRIGHTEST` per cent of the voxels above the least
    value, as for DICOM without a window: the least value is what surrounds the head where a brain
    was cut out, and would count for most of the volume.

    Returns:
        `(X, Y, Z)`, uint8, 0-255.
    """
    values = volume.values
    above = values[values > values.min()]
    if not above.size:
        raise UndecodableScanError("a volume in which all values are the same")
    dark, bright = np.percentile(above, (DARKEST, BRIGHTEST)).tolist()
    if bright <= dark:
        dark, bright = float(values.min()), float(values.max())
    grey = np.empty(values.shape, np.uint8)
    for block, row in zip(values, grey, strict=True):  # by planes: in memory all would be twice
        row[:] = np.rint(np.clip((block - dark) / (bright - dark), 0, 1) * 255)
    return grey


def chosen_slices(volume: Volume, settings: VolumeSettings) -> dict[int, Grey]:
    """Cut the chosen slices out of a volume.

    As on a radiologist's screen and in DICOM's own files: an axial slice is seen from the feet and
    a coronal one from the front, so the patient's right is on the left of the picture, and front
    or top is up; a sagittal slice has the front on the left. Pixels are square: the coarser of the
    two directions is interpolated to the spacing of the finer.

    Returns:
        Slices `(H, W)`, uint8, 0-255, by their number along the axis, from 0: from the patient's
        left, back or bottom.
    """
    axis = AXES[settings.axis]
    if volume.gaps not in (None, axis):
        taken = next(name for name, number in AXES.items() if number == volume.gaps)
        raise UndecodableScanError(
            f"a DICOM series of {taken} slices of which some are missing, so {settings.axis} ones "
            f"would be distorted: give data.volume.axis={taken}"
        )
    grey = np.moveaxis(to_grey(volume), axis, 0)
    head = (grey > HEAD).sum(axis=(1, 2))
    numbers = settings.choose(head > FULL * head.max())
    if not numbers:
        raise UndecodableScanError("a volume that shows nothing")
    across, up = (one for place, one in enumerate(volume.spacing) if place != axis)
    return {number: _upright(grey[number], across, up) for number in numbers}


def _upright(plane: Grey, across: float, up: float) -> Grey:
    """Turn a plane `(A, B)` of a `Volume`, A to be shown from right to left, B from below."""
    # What is last along both axes of a plane (Right or Anterior, and Anterior or Superior) is at
    # the left and at the top.
    shown = np.ascontiguousarray(plane[::-1, ::-1].T)
    fine = min(across, up)
    width, height = (
        max(1, round(number * spacing / fine))
        for number, spacing in zip(plane.shape, (across, up), strict=True)
    )
    if width * height > MAX_PIXELS:
        raise UndecodableScanError(f"{width:,} x {height:,} pixels, more than {MAX_PIXELS:,}")
    if (height, width) == shown.shape:
        return shown
    return np.asarray(cv2.resize(shown, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
