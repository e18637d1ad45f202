"""A file of the Figshare set (Cheng 2015): a slice, its class, its patient and its tumour's mask.

MATLAB wrote them as v7.3, which is HDF5, with a structure `cjdata` of `image`, `label`, `PID`,
`tumorBorder` and `tumorMask`. doi:10.6084/m9.figshare.1512427
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from brain_tumor.files.scans import MAX_PIXELS, Grey, UndecodableScanError
from brain_tumor.files.window import show

CLASSES = {1: "meningioma", 2: "glioma", 3: "pituitary"}  # as the set's README numbers them
MAX_TEXT = 256  # characters of a patient's identifier; the set's have 6 to 11

_MATLAB_5 = b"MATLAB 5.0 MAT-file"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_USER_BLOCK = 512  # bytes that MATLAB puts before the HDF5 file: a line of text


@dataclass(frozen=True)
class FigshareSlice:
    """What a file of the set holds."""

    grey: Grey  # as MATLAB shows it: 16 bits through the window that DICOM without one gets
    label: str  # `meningioma`, `glioma` or `pituitary`
    patient: str  # the identifier in `PID`; the set's own, no hospital's


def is_matlab(begin: bytes) -> bool:
    """Tell a .mat file of either kind by its first 520 bytes."""
    return begin.startswith((_MATLAB_5, b"MATLAB 7.3")) or begin[_USER_BLOCK:].startswith(_HDF5)


def read_figshare(content: bytes) -> FigshareSlice:
    """Read a slice from a whole .mat file.

    Raises:
        UndecodableScanError: h5py is not installed, or it is no file of the set.
    """
    data = _Data(content)
    image = data.picture("image")
    number = int(data.array("label", 1).item())
    if number not in CLASSES:
        raise UndecodableScanError(f"cjdata/label is {number}, not one of 1, 2 and 3")
    codes = data.array("PID", MAX_TEXT).ravel()
    patient = "".join(chr(int(code)) for code in codes if 32 <= int(code) < 127).strip()
    if not patient:
        raise UndecodableScanError("cjdata/PID holds no characters")
    return FigshareSlice(show(image, 1, 0, None, inverted=False), CLASSES[number], patient)


def read_mask(content: bytes) -> npt.NDArray[np.bool_]:
    """Read where the tumour lies, `(H, W)`, bool, in the pixels of the slice.

    Such as a Grad-CAM map has to be brought to: undo the crop by the box in the manifest, then look
    how much of the map lies inside. Raises as `read_figshare`.
    """
    return _Data(content).picture("tumorMask") > 0


class _Data:
    """The fields of `cjdata`, each no more than it may be and from no other file."""

    def __init__(self, content: bytes) -> None:
        if content.startswith(_MATLAB_5):
            raise UndecodableScanError(
                "a MATLAB v5 file, and the Figshare set's are v7.3: save it by "
                "save(name, 'cjdata', '-v7.3')"
            )
        if not is_matlab(content):
            raise UndecodableScanError("no MATLAB v7.3 file")
        try:
            import h5py
        except ImportError as error:
            raise UndecodableScanError(
                "a MATLAB v7.3 file, which needs h5py: pip install 'brain-tumor[mat]'"
            ) from error
        try:
            file = h5py.File(io.BytesIO(content), "r")
            # A link or a virtual data set may lead to any file of this machine.
            self._own, self._dataset = h5py.HardLink, h5py.Dataset
            self._group = self._member(file, "cjdata")
        except OSError as error:
            raise UndecodableScanError("a MATLAB v7.3 file that is damaged") from error

    def picture(self, name: str) -> npt.NDArray[Any]:
        """Read a matrix `(H, W)`; MATLAB stores it by columns, so HDF5 gives it transposed."""
        return np.ascontiguousarray(self.array(name, MAX_PIXELS, (2,)).T)

    def array(self, name: str, most: int, dimensions: tuple[int, ...] = (1, 2)) -> npt.NDArray[Any]:
        found = self._member(self._group, name)
        if not isinstance(found, self._dataset) or found.is_virtual or found.external:
            raise UndecodableScanError(f"cjdata/{name} is no array of its own")
        shape = found.shape
        if found.dtype.kind not in "iufb" or shape is None or len(shape) not in dimensions:
            raise UndecodableScanError(f"cjdata/{name} is {found.dtype} of shape {shape}")
        if not 1 <= found.size <= most:
            raise UndecodableScanError(f"cjdata/{name} has {found.size:,} values, not 1..{most:,}")
        try:
            values = np.asarray(found[()])
        except (OSError, RuntimeError) as error:
            raise UndecodableScanError(f"cjdata/{name} is damaged") from error
        if not np.isfinite(values).all():
            raise UndecodableScanError(f"cjdata/{name} holds values that are no numbers")
        return values

    def _member(self, group: Any, name: str) -> Any:
        try:
            own = isinstance(group.get(name, getlink=True), self._own)
            found = group[name] if own else None
        except (AttributeError, KeyError, RuntimeError, OSError):
            found = None
        if found is None:
            raise UndecodableScanError(
                f"a MATLAB v7.3 file without cjdata{'' if name == 'cjdata' else '/' + name}, "
                "which every file of the Figshare set has"
            )
        return found
