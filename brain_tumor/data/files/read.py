"""The one reader of scans: pictures, DICOM files and arrays, for every command."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.data.files.bounded_file import read_file
from brain_tumor.data.files.dicom import (
    PREAMBLE,
    DicomFile,
    count_frames,
    is_dicom,
    open_dicom,
)
from brain_tumor.data.files.other_formats import BEGIN, other_format
from brain_tumor.data.files.scans import (
    MAX_PIXELS,
    Grey,
    Header,
    UndecodableScanError,
    UnreadableScanError,
    decode_grey,
    eight_bits,
    read_header,
)
from brain_tumor.data.files.source import Scan

HELD = 2  # DICOM files of several frames that stay in memory while their frames are decoded


@dataclass(frozen=True)
class RawScan:
    """A scan that was read and is not decoded yet.

    Attributes:
        digest: MD5 of the file's bytes; of a frame, of these and its number; of an array, of its
            kind, shape and values.
        bytes: Size of the file or array.
        header: Gives what it says of itself.
        grey: Decodes it to grey values, `(H, W)`, uint8, 0-255. Both raise `UndecodableScanError`.
    """

    digest: str
    bytes: int
    header: Callable[[], Header]
    grey: Callable[[], Grey]


class ScanReader:
    """Reads the scans of a source. Threads may share it.

    Args:
        root: The folder that their paths are relative to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._held = lru_cache(HELD)(_open_file)

    def read(self, scan: Scan) -> RawScan:
        """Read a scan, wherever a link leads.

        Raises:
            UnreadableScanError: It cannot be read (`bounded_file.read_file`).
            UndecodableScanError: An array that is none.
        """
        if scan.pixels is not None:
            return _read_array(scan.pixels() if callable(scan.pixels) else scan.pixels)
        if scan.frame is None:
            content = _read_file(self._place(scan))
            name = Path(scan.path).name
            return RawScan(
                md5(content),
                len(content),
                lambda: content_header(content, name),
                lambda: content_frames(content, name)[0](),
            )
        digest, size, opened = self._held(self._place(scan))
        number = scan.frame
        return RawScan(
            md5(f"{digest}#{number}".encode()),
            size,
            lambda: opened().header,
            lambda: opened().frame(number),
        )

    def _place(self, scan: Scan) -> Path:
        return self.root / scan.path if scan.file is None else scan.file


def frames_of(path: Path) -> list[int | None]:
    """Look which scans a file offers: every frame of a DICOM file of several, else one, None."""
    frames = count_frames(path)
    return [*range(frames)] if frames > 1 else [None]


def content_header(content: bytes, name: str) -> Header:
    """Read what a picture or DICOM file says of itself; nothing too large is let through.

    Args:
        content: The whole file.
        name: Its name, or nothing.

    Raises:
        UndecodableScanError: It is neither, or has more pixels than `MAX_PIXELS`.
    """
    if is_dicom(content[:PREAMBLE], name):
        return open_dicom(content).header
    return _picture_header(content, name)


def content_frames(content: bytes, name: str) -> list[Callable[[], Grey]]:
    """Give a function for each scan of a file, one or every frame of a DICOM file, that decodes it.

    Args:
        content: The whole file.
        name: Its name, or nothing.

    Raises:
        UndecodableScanError: It is neither a picture nor DICOM.
    """
    if is_dicom(content[:PREAMBLE], name):
        dicom = open_dicom(content)
        return [lambda number=number: dicom.frame(number) for number in range(dicom.frames)]  # type: ignore[misc]
    _picture_header(content, name)  # so that nothing too large is decoded
    return [lambda: decode_grey(content)]


def array_to_grey(pixels: npt.NDArray[Any]) -> Grey:
    """Turn an array into grey values, as `decode_grey` does with a file.

    Args:
        pixels: `(H, W)`, or `(H, W, 3)` red first; uint8, or other numbers, which are scaled by
            their own maximum.

    Returns:
        `(H, W)`, uint8, 0-255.

    Raises:
        UndecodableScanError: It is of another kind or shape, or has more pixels than `MAX_PIXELS`.
    """
    header = _array_header(pixels)
    if header.width * header.height > MAX_PIXELS:
        raise UndecodableScanError(
            f"{header.width:,} x {header.height:,} pixels, more than {MAX_PIXELS:,}"
        )
    if pixels.dtype != np.uint8:
        pixels = eight_bits(pixels)
    if pixels.ndim == 3:
        pixels = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY))
    return np.ascontiguousarray(pixels, np.uint8)


def md5(content: bytes | memoryview) -> str:
    """Give the MD5 of some bytes as hexadecimal text."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _picture_header(content: bytes, name: str) -> Header:
    """Read the header of a picture; another format is named, with what to do with it."""
    named = other_format(content[:BEGIN], "")  # Pillow takes some of them for pictures
    if named is None:
        try:
            return read_header(content)
        except UndecodableScanError:
            named = other_format(b"", name)
            if named is None:
                raise
    raise UndecodableScanError(named)


def _read_file(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise UnreadableScanError(str(error.strerror)) from error


def _open_file(path: Path) -> tuple[str, int, Callable[[], DicomFile]]:
    content = _read_file(path)
    return md5(content), len(content), lru_cache(1)(lambda: open_dicom(content))


def _read_array(pixels: npt.NDArray[Any]) -> RawScan:
    kind = f"{pixels.dtype.str} {pixels.shape} ".encode()
    values = np.ascontiguousarray(pixels).tobytes()
    return RawScan(
        md5(kind + values),
        pixels.nbytes,
        lambda: _array_header(pixels),
        lambda: array_to_grey(pixels),
    )


def _array_header(pixels: npt.NDArray[Any]) -> Header:
    kind = f"an array of {pixels.dtype} {pixels.shape}"
    if (
        pixels.dtype.kind not in "buif"
        or pixels.ndim not in (2, 3)
        or pixels.shape[2:]
        not in (
            (),
            (3,),
        )
    ):
        raise UndecodableScanError(f"{kind}, not numbers of (H, W) or (H, W, 3)")
    if not pixels.size:
        raise UndecodableScanError("an array without pixels")
    return Header("array", str(pixels.dtype), pixels.shape[1], pixels.shape[0])
