"""DICOM series: the files of one SeriesInstanceUID, in the order of their places in the patient.

PS3.3, C.7.6.2: ImagePositionPatient, ImageOrientationPatient and PixelSpacing. Of the patient only
a digest of the PatientID is kept, and of the series not its number.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brain_tumor.files.bounded_file import read_file
from brain_tumor.files.dicom import open_dicom
from brain_tumor.files.parallel import each
from brain_tumor.files.scans import UndecodableScanError
from brain_tumor.files.volumes.volume import MAX_VOXELS, Volume, VolumeFiles, to_canonical

LEAST = 3  # files that make a series a volume; a picture or two are pictures
DIGEST = 12  # hexadecimal digits of a patient's digest: one in 10 million shares it with another

_TAGS = [
    *("SeriesInstanceUID", "PatientID", "NumberOfFrames", "Rows", "Columns"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"),
]
_UNEVEN = 0.1  # of the distance between slices: what scanners round


@dataclass(frozen=True)
class _Slice:
    """A file of a series: where its picture lies. Vectors are `(3,)`."""

    path: Path
    position: npt.NDArray[np.float64]  # of its first pixel, mm to the patient's left, back and top
    along_row: npt.NDArray[np.float64]  # direction in which columns are counted, of length 1
    along_column: npt.NDArray[np.float64]  # direction in which rows are counted, likewise
    spacing: tuple[float, float]  # between rows and between columns, mm
    shape: tuple[int, int]  # rows and columns


def find_series(files: Iterable[Path]) -> list[VolumeFiles]:
    """Group DICOM files into series, sorted by their first file; these may lie in several folders.

    Files that are no DICOM, have several frames, no place in the patient or no SeriesInstanceUID
    are passed over, as are series of fewer than `LEAST` files. None may be a pipe. Whoever can
    guess a PatientID can check the guess by its digest: that hides names from a reader, not from a
    search.
    """
    found: dict[str, list[_Slice]] = defaultdict(list)
    patients: dict[str, Counter[str]] = defaultdict(Counter)
    for read in each(_read_place, list(files)):
        if read is not None:
            number, patient, one = read
            found[number].append(one)
            patients[number][patient] += 1
    series = []
    for number, slices in found.items():
        if len(slices) >= LEAST:
            slices.sort(key=lambda one: one.path)
            patient = patients[number].most_common(1)[0][0]
            own = tuple(one.path for one in slices)
            series.append(VolumeFiles(own[0], own, partial(_read_series, slices), patient))
    return sorted(series, key=lambda one: one.files[0])


def _read_place(path: Path) -> tuple[str, str, _Slice] | None:
    """Read series, digest of the patient and place of a file; None where it lacks one."""
    try:
        from pydicom import dcmread

        head = dcmread(path, stop_before_pixels=True, force=True, specific_tags=list(_TAGS))
        row, column = np.array(head.ImageOrientationPatient, np.float64).reshape(2, 3)
        spacing = float(head.PixelSpacing[0]), float(head.PixelSpacing[1])
        place = _Slice(
            *(path, np.array(head.ImagePositionPatient, np.float64).reshape(3), row, column),
            *(spacing, (int(head.Rows), int(head.Columns))),
        )
        known = str(head.get("PatientID") or "").strip()
        number = str(head.SeriesInstanceUID)
        lengths = np.linalg.norm((row, column), axis=1)
        sound = np.isfinite(place.position).all() and np.abs(lengths - 1).max() < 0.01
        if not sound or not number or int(head.get("NumberOfFrames") or 1) != 1:
            return None
    except Exception:  # pydicom raises a dozen kinds on damaged headers; the reader has the reason
        return None
    return number, hashlib.sha256(known.encode()).hexdigest()[:DIGEST] if known else "", place


def _read_series(slices: Sequence[_Slice]) -> Volume:
    """Read the volume, in modality units (RescaleSlope and RescaleIntercept applied).

    Raises:
        OSError: A file cannot be read.
        UndecodableScanError: A file is damaged, or the files are no volume: their slices have
            other directions or sizes, or two lie at one place.
    """
    first = slices[0]
    if any(one.shape != first.shape for one in slices):
        raise UndecodableScanError("a DICOM series of pictures of different sizes")
    directions = [np.concatenate((one.along_row, one.along_column)) for one in slices]
    if np.abs(np.array(directions) - directions[0]).max() > 1e-3 or any(
        one.spacing != first.spacing for one in slices
    ):
        raise UndecodableScanError(
            "a DICOM series whose slices have different directions or spacings, such as a localizer"
        )
    if len(slices) * first.shape[0] * first.shape[1] > MAX_VOXELS:
        raise UndecodableScanError(f"more than {MAX_VOXELS:,} voxels")
    normal = np.cross(first.along_row, first.along_column)
    places = np.array([float(one.position @ normal) for one in slices])
    order = np.argsort(places, kind="stable")
    step, even = _step(places[order])
    values = np.stack([_values(slices[number].path, first.shape) for number in order])
    affine = np.eye(4)
    # Voxel numbers are (slice, row, column); DICOM's left and back are the other way round.
    affine[:3, 0] = normal * step
    affine[:3, 1] = first.along_column * first.spacing[0]
    affine[:3, 2] = first.along_row * first.spacing[1]
    affine[:3, 3] = slices[order[0]].position
    affine[:2] *= -1
    return to_canonical(values, affine, None if even else 0)


def _step(places: npt.NDArray[np.float64]) -> tuple[float, bool]:
    """Give the distance between slices, and whether it is the same between all."""
    steps = np.diff(places)
    step = float(np.median(steps))
    if steps.min() < 1e-3:
        raise UndecodableScanError(
            f"a DICOM series with {int((steps < 1e-3).sum())} pictures at the place of another, "
            "such as several echoes: keep those of one in a folder of their own"
        )
    return step, bool(np.abs(steps - step).max() <= _UNEVEN * step)


def _values(path: Path, shape: tuple[int, int]) -> npt.NDArray[Any]:
    values = open_dicom(read_file(path)).values(0)
    if values.shape != shape:
        raise UndecodableScanError(f"{path.name} holds other than a grey picture")
    return values
