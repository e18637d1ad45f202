"""The one reader of scans: pictures, DICOM files and arrays, for every command."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.files.bounded_file import read_begin, read_file
from brain_tumor.files.dicom import PREAMBLE, DicomFile, is_dicom, open_dicom
from brain_tumor.files.other_formats import BEGIN, other_format
from brain_tumor.files.parallel import each
from brain_tumor.files.picture import JPEG, PictureFile, open_picture
from brain_tumor.files.scans import (
    Grey,
    Header,
    UndecodableScanError,
    UnreadableScanError,
    check_size,
)
from brain_tumor.files.silence import silent
from brain_tumor.files.source import Scan
from brain_tumor.files.window import to_eight_bits

HELD = 2  # files of several frames that stay in memory while their frames are decoded


@dataclass(frozen=True)
class RawScan:
    """A scan that was read and is not decoded yet: the last two raise `UndecodableScanError`."""

    # MD5 of the file's bytes; of a frame, of these and its number; of an array, of its kind, shape
    # and values.
    digest: str
    bytes: int  # size of the file or array
    header: Callable[[], Header]
    grey: Callable[[], Grey]


class ScanReader:
    """Reads the scans of a source, by paths relative to a root. Threads may share it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._held = lru_cache(HELD)(_open_file)

    def read(self, scan: Scan) -> RawScan:
        """Read a scan, wherever a link leads.

        Raises:
            UnreadableScanError: It cannot be read.
            UndecodableScanError: An array that is none.
        """
        if scan.pixels is not None:
            return _read_array(scan.pixels() if callable(scan.pixels) else scan.pixels)
        place, name = scan.file or self.root / scan.path, Path(scan.path).name
        digest, size, opened = (_open_file if scan.frame is None else self._held)(place, name)
        number = scan.frame or 0
        if scan.frame is not None:
            digest = md5(f"{digest}#{number}".encode())
        return RawScan(digest, size, lambda: opened().header, lambda: _frame(opened(), number))


def scans_of(root: Path, scan: Scan) -> list[Scan]:
    """Give a scan for each frame or page of a file below a root; all are of one patient."""
    frames = _count_frames(root / scan.path)
    if frames == 1:
        return [scan]
    # A patient called as the file may be another file's, too.
    one = scan if scan.patient else replace(scan, patient=scan.path, patient_group=None)
    return [replace(one, frame=frame) for frame in range(frames)]


def scans_in(root: Path, files: Sequence[Scan]) -> list[Scan]:
    """Give a scan for each frame or page of files below a root (`scans_of`)."""
    return [one for found in each(partial(scans_of, root), files) for one in found]


def _count_frames(path: Path) -> int:
    """Tell how many scans a file holds; 1 where it cannot be read: `ScanReader.read` says why."""
    try:
        if read_begin(path, len(JPEG)) == JPEG:  # by far the most frequent format
            return 1
        with silent():
            return open_content(read_file(path), path.name).frames
    except (OSError, UndecodableScanError):
        return 1


def open_content(content: bytes, name: str) -> DicomFile | PictureFile:
    """Read what a whole picture or DICOM file says of itself; nothing too large is let through.

    Raises:
        UndecodableScanError: It is neither, or has more pixels than `MAX_PIXELS`. Another format is
            named, with what to do with it.
    """
    if is_dicom(content[:PREAMBLE], name):
        return open_dicom(content)
    named = other_format(content[:BEGIN], "")  # Pillow takes some of them for pictures
    if named is not None:
        named = other_format(content[:BEGIN], name)
    else:
        try:
            return open_picture(content)
        except UndecodableScanError:
            named = other_format(b"", name)
            if named is None:
                raise
    raise UndecodableScanError(named)


def content_frames(content: bytes, name: str) -> list[Callable[[], Grey]]:
    """Give a function for each scan of a whole file, every frame or page, that decodes it.

    Raises:
        UndecodableScanError: It is neither a picture nor DICOM.
    """
    with silent():
        opened = open_content(content, name)

    def decode(number: int) -> Grey:
        with silent():
            return opened.frame(number)

    return [partial(decode, number) for number in range(opened.frames)]


def array_to_grey(pixels: npt.NDArray[Any]) -> Grey:
    """Turn an array into grey values `(H, W)`, uint8, 0-255, as those of a file are.

    It is `(H, W)`, or `(H, W, 3)` red first; uint8, or other numbers, of which the bulk is seen
    (`window.to_eight_bits`).

    Raises:
        UndecodableScanError: It is of another kind or shape, or has more pixels than `MAX_PIXELS`.
    """
    header = _array_header(pixels)
    check_size(header.width, header.height)
    if pixels.dtype != np.uint8:
        return to_eight_bits(pixels)
    if pixels.ndim == 3:
        pixels = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY))
    return np.ascontiguousarray(pixels, np.uint8)


def md5(content: bytes | memoryview) -> str:
    """Give the MD5 of some bytes as hexadecimal text."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def read_scan_file(path: Path) -> bytes:
    """Read a file whole (`bounded_file.read_file`), or raise `UnreadableScanError`."""
    try:
        return read_file(path)
    except OSError as error:
        raise UnreadableScanError(str(error.strerror)) from error


def _open_file(path: Path, name: str) -> tuple[str, int, Callable[[], DicomFile | PictureFile]]:
    content = read_scan_file(path)
    return md5(content), len(content), lru_cache(1)(lambda: open_content(content, name))


def _frame(opened: DicomFile | PictureFile, number: int) -> Grey:
    if number >= opened.frames:
        raise UndecodableScanError(f"it has {opened.frames:,} frames, not {number + 1:,}")
    return opened.frame(number)


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
    numbers = pixels.dtype.kind in "buif"
    if not numbers or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)):
        fix = ": leave its transparency out, as [..., :3]" if pixels.shape[2:] == (4,) else ""
        raise UndecodableScanError(f"{kind}, not numbers of (H, W) or (H, W, 3){fix}")
    if not pixels.size:
        raise UndecodableScanError("an array without pixels")
    return Header("array", str(pixels.dtype), pixels.shape[1], pixels.shape[0])
