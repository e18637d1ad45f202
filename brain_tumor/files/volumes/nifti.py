"""NIfTI files, by nibabel."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from brain_tumor.files.scans import UndecodableScanError
from brain_tumor.files.volumes.volume import MAX_VOXELS, Volume, to_canonical

ENDINGS = (".nii", ".nii.gz")


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
