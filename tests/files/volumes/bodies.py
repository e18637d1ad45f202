"""A body whose right, front and top are told by brightness, as NIfTI file and as DICOM series."""

from pathlib import Path

import numpy as np
import pytest
from dicom_files import made, written

nibabel = pytest.importorskip("nibabel")

RIGHT, FRONT, TOP, HEAD, SKIN = 250, 180, 120, 60, 10  # values of the marks


def body(shape: tuple[int, int, int] = (40, 48, 36)) -> np.ndarray:
    """Draw it, `(X, Y, Z)`, float32, axes to right, front and top, black around it.

    A block with a bar along its right side, one along its front, and one along its top.
    """
    x, y, z = shape
    drawn = np.zeros(shape, np.float32)
    drawn[4 : x - 4, 4 : y - 4, 4 : z - 4] = SKIN
    drawn[5 : x - 5, 5 : y - 5, 4 : z - 4] = HEAD
    middle = (slice(x // 2 - 3, x // 2 + 3), slice(y // 2 - 3, y // 2 + 3))
    drawn[x - 9 : x - 4, middle[1], 4 : z - 4] = RIGHT
    drawn[middle[0], y - 9 : y - 4, 4 : z - 4] = FRONT
    drawn[middle[0], middle[1], z - 9 : z - 4] = TOP
    return drawn


def nifti(
    path: Path,
    codes: str = "RAS",
    spacing: tuple[float, float, float] = (1, 1, 1),
    drawn: np.ndarray | None = None,
    dtype: str = "int16",
) -> Path:
    """Write the body as a NIfTI file whose axes run as the codes say, such as `LPS` or `SAR`."""
    drawn = body() if drawn is None else drawn
    image = nibabel.Nifti1Image(drawn, np.diag([*spacing, 1.0]))
    from nibabel.orientations import axcodes2ornt, ornt_transform

    turned = image.as_reoriented(ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(tuple(codes))))
    values = np.asarray(turned.dataobj).astype(dtype)
    nibabel.save(nibabel.Nifti1Image(values, turned.affine), path)
    return path


def series(
    folder: Path,
    spacing: tuple[float, float, float] = (1, 1, 1),
    plane: str = "axial",
    uid: str = "1.2.3.4",
    patient: str = "ID-8415796-ZQ",
    drawn: np.ndarray | None = None,
) -> list[Path]:
    """Write the body as the files of a series, in names of no order."""
    drawn = body() if drawn is None else drawn
    folder.mkdir(parents=True, exist_ok=True)
    # DICOM counts to the left, back and top.
    lps = drawn[::-1, ::-1]
    x, y, z = spacing
    if plane == "axial":  # rows to the back, columns to the left, slices to the top
        planes, at = [lps[:, :, k].T for k in range(lps.shape[2])], (0, 0, z)
        directions, pixels = [1, 0, 0, 0, 1, 0], [y, x]
    else:  # coronal: rows to the bottom, columns to the left, slices to the back
        planes, at = [lps[:, j, ::-1].T for j in range(lps.shape[1])], (0, y, 0)
        directions, pixels = [1, 0, 0, 0, 0, -1], [z, x]
    random = np.random.default_rng(0)
    paths = [folder / f"{number:03}.dcm" for number in random.permutation(len(planes))]
    for number, (path, picture) in enumerate(zip(paths, planes, strict=True)):
        dataset = made(
            np.ascontiguousarray(picture).astype(np.uint16),
            SeriesInstanceUID=uid,
            ImagePositionPatient=[float(one * number) for one in at],
            ImageOrientationPatient=directions,
            PixelSpacing=pixels,
            # A window per file, as scanners write: slices must not depend on it.
            WindowCenter=float(100 + number),
            WindowWidth=50.0,
        )
        dataset.PatientID = patient
        path.write_bytes(written(dataset))
    return paths
