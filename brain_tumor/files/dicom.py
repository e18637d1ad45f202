"""DICOM files: their frames as grey pictures, and nothing of whom they show.

Only the elements that pixels need are ever parsed (`_NEEDED`), so no name, date or number of a
patient can get into a table, a message or a log.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.files.codestream import FrameSize, check_codestream, check_run_length
from brain_tumor.files.dicom_window import (
    PALETTE,
    look_up,
    of_palette,
    padded,
    rescaled,
    voi_table,
    window_of,
)
from brain_tumor.files.scans import (
    Grey,
    Header,
    UndecodableScanError,
    check_frames,
    check_size,
)
from brain_tumor.files.window import Window, show, to_eight_bits

ENDINGS = (".dcm", ".dicom", ".ima")  # a file without the preamble is known by these
PREAMBLE = 132  # bytes that tell a DICOM file: 128 of anything, then "DICM" (PS3.10, 7.1)

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_NEEDED = [
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation"),
    *("PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth", "VOILUTFunction"),
    *("ModalityLUTSequence", "VOILUTSequence", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *(f"{c}PaletteColorLookupTable{part}" for c in PALETTE for part in ("Descriptor", "Data")),
    *(f"Segmented{c}PaletteColorLookupTableData" for c in PALETTE),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", *_PIXELS),
]
_GREY = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_BITS = {1: (1, 8, 16, 32, 64), 3: (8, 16, 32)}  # allocated for a value, by values per pixel
_NATIVE = {"1.2.840.10008.1.2": "", "1.2.840.10008.1.2.1": "", "1.2.840.10008.1.2.2": ""}
_RLE, _BIG_ENDIAN = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.2"
# Those of PS3.5, chapter 10, that may stand here. Neither films nor what is deflated: a file of
# some MiB may be deflated to any size.
_SYNTAXES = _NATIVE | {
    _RLE: "RLE",
    "1.2.840.10008.1.2.4.50": "JPEG baseline",
    "1.2.840.10008.1.2.4.51": "JPEG extended",
    "1.2.840.10008.1.2.4.57": "JPEG lossless",
    "1.2.840.10008.1.2.4.70": "JPEG lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS",
    "1.2.840.10008.1.2.4.81": "JPEG-LS",
    "1.2.840.10008.1.2.4.90": "JPEG 2000",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
}
_BY_PILLOW = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")  # GDCM may end the process
_DAMAGED = "its DICOM header is damaged"


def is_dicom(begin: bytes, name: str) -> bool:
    """Tell a DICOM file by its first `PREAMBLE` bytes, or by the ending of its name."""
    return begin[128:PREAMBLE] == b"DICM" or PurePath(name).suffix.lower() in ENDINGS


@dataclass(frozen=True)
class DicomFile:
    """A DICOM file with a picture in each of its frames.

    Attributes:
        frames: Their number, 1 to `MAX_FRAMES`.
    """

    frames: int
    _dataset: Any
    _syntax: str

    @property
    def header(self) -> Header:
        """What it says of itself, its PhotometricInterpretation as mode."""
        mode, size = self._dataset.PhotometricInterpretation, self._dataset
        return Header("DICOM", str(mode), int(size.Columns), int(size.Rows))

    def frame(self, number: int) -> Grey:
        """Decode a frame, by its number from 0, to `(H, W)`, uint8, 0-255.

        Values are rescaled or put through the ModalityLUTSequence, then seen through the first
        VOILUTSequence or window that the file names for the frame, else through a window found in
        the values (`window.show`). MONOCHROME1 is inverted. Pixels of PixelPaddingValue are black.
        Colour, and a palette's, is turned to grey by OpenCV's weights.

        Raises:
            UndecodableScanError: It is damaged, or compressed in a way that cannot be decoded here.
        """
        dataset, little = self._dataset, self._syntax != _BIG_ENDIAN
        with self._decoding():
            values = self._pixels(number)
            if dataset.PhotometricInterpretation == "PALETTE COLOR":
                return of_palette(dataset, values, little)
            if dataset.SamplesPerPixel == 3:
                if values.dtype != np.uint8:
                    return to_eight_bits(values)
                return np.asarray(cv2.cvtColor(values, cv2.COLOR_RGB2GRAY), np.uint8)
            padding = padded(dataset, values)
            values, slope, intercept = rescaled(dataset, values, number, little)
            inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
            window, table = window_of(dataset, number), voi_table(dataset, number)
            if table is not None:
                values = values * slope + intercept
                values, most = look_up(values, table.LUTDescriptor, table.LUTData, little)
                slope, intercept = 1, 0
                window = Window(most / 2, most, "LINEAR_EXACT")
            return show(values, slope, intercept, window, inverted, padding)

    def values(self, number: int) -> npt.NDArray[np.float32]:
        """Decode a grey frame to its rescaled values `(H, W)`, float32, whatever its window.

        Those of MONOCHROME1 are negated, so that more is brighter. Raises `UndecodableScanError`,
        also for a frame in colour.
        """
        if self._dataset.SamplesPerPixel != 1:
            raise UndecodableScanError("a DICOM file in colour")
        with self._decoding():
            stored, little = self._pixels(number), self._syntax != _BIG_ENDIAN
            padding = padded(self._dataset, stored)
            found, slope, intercept = rescaled(self._dataset, stored, number, little)
            values = found.astype(np.float32) * slope + intercept
            if self._dataset.PhotometricInterpretation == "MONOCHROME1":
                values = -values
            if padding is not None and not padding.all():
                values[padding] = values[~padding].min()
            return values

    def _pixels(self, number: int) -> npt.NDArray[Any]:
        from pydicom.pixels.utils import pixel_array

        self._check_compressed(number)
        plugin = "pillow" if self._syntax in _BY_PILLOW else ""
        values = pixel_array(self._dataset, index=number, decoding_plugin=plugin)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise UndecodableScanError("values that are no numbers")
        return values

    def _check_compressed(self, number: int) -> None:
        """See that a compressed frame decodes to what the header says, before it is decoded."""
        from pydicom.encaps import get_frame

        if self._syntax in _NATIVE:
            return
        content = get_frame(self._dataset.PixelData, number, number_of_frames=self.frames)
        rows, columns, samples, bits = (
            int(self._dataset[name].value)
            for name in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
        )
        says = FrameSize(columns, rows, samples, bits)
        if self._syntax == _RLE:
            check_run_length(content, says)
        else:
            check_codestream(content, says)

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        kind = f" ({name})" if (name := _SYNTAXES[self._syntax]) else ""
        try:
            yield
        except UndecodableScanError:
            raise
        except Exception as error:  # pydicom and its plug-ins raise a dozen kinds
            raise UndecodableScanError(
                f"its pixels{kind} are damaged, or of a kind that cannot be decoded here"
            ) from error


def open_dicom(content: bytes) -> DicomFile:
    """Read the header of a whole DICOM file.

    Raises:
        UndecodableScanError: It holds no picture of a kind that can be decoded here, or one of more
            than `MAX_PIXELS`.
    """
    try:
        dataset, syntax = _read(content)
        if not any(name in dataset for name in _PIXELS):
            raise UndecodableScanError("a DICOM file without a picture")
        return DicomFile(_check(dataset), dataset, syntax)
    except UndecodableScanError:
        raise
    except Exception as error:  # pydicom raises a dozen kinds on damaged headers
        raise UndecodableScanError(_DAMAGED) from error


def _read(content: bytes) -> tuple[Any, str]:
    named = _syntax(io.BytesIO(content))
    # What is not installed has been told by now.
    from pydicom import dcmread, uid
    from pydicom.pixels.decoders.base import get_decoder

    dataset = dcmread(io.BytesIO(content), force=True, specific_tags=_NEEDED)
    if named is None:
        implicit, little = dataset.original_encoding
        native = uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian
        named = native if little else uid.ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = named
    if not get_decoder(named).is_available:
        raise UndecodableScanError(
            f"a DICOM file compressed as {_SYNTAXES[str(named)]}, which needs a plug-in: "
            "pip install 'brain-tumor[dicom]'"
        )
    return dataset, str(named)


def _syntax(file: BinaryIO) -> str | None:
    """Read which transfer syntax a file names; None where none. One not decoded here raises."""
    try:
        from pydicom.filereader import read_dataset
    except Exception as error:  # a plug-in that is broken fails in its own way
        raise UndecodableScanError(
            "a DICOM file, which needs pydicom: pip install 'brain-tumor[dicom]'"
        ) from error
    if file.read(PREAMBLE)[128:] != b"DICM":
        file.seek(0)
    meta = read_dataset(file, False, True, stop_when=lambda tag, *_: tag.group != 2)
    named = meta.get("TransferSyntaxUID")
    if named is not None and str(named) not in _SYNTAXES:
        from pydicom.uid import UID

        raise UndecodableScanError(
            "a DICOM file that is compressed in a way that is not read here "
            f"({UID(str(named)).name[:64]!r}): save it uncompressed"
        )
    return None if named is None else str(named)


def _check(dataset: Any) -> int:
    """See that a picture is of a known kind and within bounds; give the number of frames."""
    rows, columns, samples = int(dataset.Rows), int(dataset.Columns), int(dataset.SamplesPerPixel)
    frames = int(dataset.get("NumberOfFrames") or 1)
    colours = str(dataset.PhotometricInterpretation)
    if samples not in _BITS or colours not in (_GREY if samples == 1 else _COLOURS):
        raise UndecodableScanError(
            f"a DICOM file of PhotometricInterpretation {colours[:16]!r} and {samples} values a "
            "pixel, which is not read here"
        )
    if int(dataset.BitsAllocated) not in _BITS[samples]:
        raise UndecodableScanError(f"a DICOM file of {int(dataset.BitsAllocated)} bits to a value")
    check_size(columns, rows)
    check_frames(frames)
    if rows < 1 or columns < 1:
        raise UndecodableScanError(_DAMAGED)
    return frames
