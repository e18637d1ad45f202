"""A volume in patient directions, whatever order its file has; NIfTI files, by nibabel."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brain_tumor.files.scans import UndecodableScanError

# 512 x 512 x 512; as float32 half a gigabyte.
MAX_VOXELS = 2**27
ENDINGS = (".nii", ".nii.gz")
MAX_SPACING = 100.0  # mm between two voxels; a head has 250

Affine = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Volume:
    """A volume whose axes run to the patient's right, front and top.

    X runs from left to Right, Y from posterior to Anterior, Z from inferior to Superior (RAS+), or
    as near to it as turning by right angles gets.
    """

    values: npt.NDArray[np.float32]  # `(X, Y, Z)`; what is no number is the least value
    spacing: tuple[float, float, float]  # millimetres between voxels along each axis
    gaps: int | None = None  # axis along which slices are missing: only those across it are shown


@dataclass(frozen=True)
class VolumeFiles:
    """A NIfTI file, or the files of a DICOM series, sorted.

    The place of a series is the folder that its files lie in, where they are alone there, else its
    first file.
    """

    place: Path
    files: tuple[Path, ...]
    read: Callable[[], Volume] = field(repr=False, compare=False)
    patient: str = ""  # a digest of the PatientID; empty where there is none


def to_canonical(values: npt.NDArray[Any], affine: Affine, gaps: int | None = None) -> Volume:
    """Turn and mirror a volume by its affine until its axes run right, front and top.

    By right angles alone, as `nibabel.as_closest_canonical` does: no voxel is computed anew, so
    slices of an oblique scan stay as they were taken. The affine goes from voxel numbers to
    millimetres to the right, front and top; `gaps` is the axis along which slices are missing.

    Raises:
        UndecodableScanError: There are no values, all are the same or none is a number, or the
            affine cannot be.
    """
    if values.ndim != 3 or not values.size:
        raise UndecodableScanError(f"a volume of shape {values.shape}")
    if not np.isfinite(affine).all():
        raise UndecodableScanError("a volume whose affine cannot be: it holds no numbers")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if abs(np.linalg.det(affine[:3, :3] / np.where(spacing > 0, spacing, 1))) < 0.05:
        raise UndecodableScanError("a volume whose affine cannot be: its axes fall together")
    if spacing.max() > MAX_SPACING or spacing.max() > MAX_SPACING * spacing.min():
        raise UndecodableScanError(
            f"a volume whose voxels are {' x '.join(f'{one:g}' for one in spacing)} mm"
        )
    cosines = affine[:3, :3] / spacing
    order = _axes(cosines)
    signs = [cosines[world, axis] for world, axis in enumerate(order)]
    turned = np.transpose(values, order)
    turned = turned[tuple(slice(None, None, 1 if sign > 0 else -1) for sign in signs)]
    numbers = np.array(turned, np.float32)
    finite = np.isfinite(numbers)
    if not finite.any():
        raise UndecodableScanError("a volume without a number in it")
    numbers[~finite] = numbers[finite].min()
    across, front, up = (float(spacing[axis]) for axis in order)
    return Volume(numbers, (across, front, up), None if gaps is None else order.index(gaps))


def _axes(cosines: Affine) -> tuple[int, int, int]:
    """Give for each patient direction the axis that runs most along it, the clearest first."""
    left = np.abs(cosines)
    order = [0, 0, 0]
    for _ in range(3):
        world, axis = np.unravel_index(int(left.argmax()), left.shape)
        order[int(world)] = int(axis)
        left[world, :] = left[:, axis] = -1
    return order[0], order[1], order[2]


def read_nifti(path: Path) -> Volume:
    """Read a `.nii` or `.nii.gz` file of one volume.

    Its `sform` counts where it has one, else its `qform`, as everywhere in nibabel.

    Raises:
        OSError: It cannot be read, or is no regular file.
        UndecodableScanError: nibabel is not installed, or it is no NIfTI file of one grey volume,
            or one of more than `MAX_VOXELS`.
    """
    if not path.is_file():  # a pipe would wait for its writer
        raise OSError(2, "it is no file")
    try:
        from nibabel.imageglobals import LoggingOutputSuppressor
        from nibabel.nifti1 import Nifti1Image
        from nibabel.nifti2 import Nifti2Image
    except ImportError as error:
        raise UndecodableScanError(
            "a NIfTI file, which needs nibabel: pip install 'brain-tumor[volumes]'"
        ) from error
    try:
        with LoggingOutputSuppressor():
            kind = Nifti2Image if Nifti2Image.path_maybe_image(str(path))[0] else Nifti1Image
            image: Any = kind.from_filename(str(path))
        shape, dtype = image.shape, image.get_data_dtype()
        if math.prod(shape) > MAX_VOXELS:
            raise UndecodableScanError(f"{math.prod(shape):,} voxels, more than {MAX_VOXELS:,}")
        if len(shape) > 3 and math.prod(shape[3:]) > 1:
            raise UndecodableScanError(
                f"a NIfTI file of {math.prod(shape[3:]):,} volumes: save the one to use in a file "
                "of its own"
            )
        if dtype.kind not in "iuf" or len(shape) < 3 or image.affine is None:
            raise UndecodableScanError(f"a NIfTI file of {dtype} values, of shape {shape}")
        values = np.asanyarray(image.dataobj, dtype=np.float32).reshape(shape[:3])
        return to_canonical(values, np.asarray(image.affine, np.float64))
    except (UndecodableScanError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # nibabel, gzip and zlib raise a dozen kinds on damaged files
        raise UndecodableScanError("a NIfTI file that is damaged, or none") from error
