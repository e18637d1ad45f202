"""New scans: from whatever holds them to what a network takes, or the reason why not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy.typing as npt
from PIL import Image

from brain_tumor.data.files.bounded_file import read_file
from brain_tumor.data.files.dicom import PREAMBLE, DicomFile, count_frames, is_dicom, open_dicom
from brain_tumor.data.files.scans import Grey, UndecodableScanError, decode_grey, read_header
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.crop_and_harmonise import BlankScanError, cut_head
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.predict.inputs import grey_of

HELD = 2  # DICOM files of several frames that stay in memory while their frames are decoded

InMemory = bytes | bytearray | memoryview | Image.Image | npt.NDArray[Any]


@dataclass(frozen=True)
class Piece:
    """A file, or one frame of a DICOM file.

    Attributes:
        path: The file.
        frame: Number of the frame, from 0; None where it has no others.
    """

    path: Path
    frame: int | None = None

    @property
    def name(self) -> str:
        """The path as any text file can hold it, and the frame's number from 1 as DICOM counts."""
        name = self.path.as_posix().encode("utf-8", "backslashreplace").decode("utf-8")
        return name if self.frame is None else f"{name}#{self.frame + 1}"


@dataclass(frozen=True)
class NewScan:
    """What became of a piece.

    Attributes:
        name: What it is called.
        pixels: Its head as a network takes it, `(size, size)`, uint8, 0-255; None where it cannot
            be used.
        reason: Why not; empty where it can.
    """

    name: str
    pixels: Grey | None
    reason: str = ""


@dataclass(frozen=True)
class Reader:
    """Reads scans, and cuts them as those that a network was trained on. Threads may share it.

    Attributes:
        crop: How a head is found and cut.
        harmonise: What is taken out of it.
    """

    crop: CropSettings
    harmonise: HarmoniseSettings
    _held: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_held", lru_cache(HELD)(_open_file))

    def pieces(self, path: Path) -> list[Piece]:
        """Look what a file has to offer: itself, or each frame of a DICOM file of several."""
        frames = count_frames(path)
        return [Piece(path, number) for number in range(frames)] if frames > 1 else [Piece(path)]

    def read(self, piece: Piece) -> NewScan:
        """Read, decode and cut a piece; never raises over what a file holds."""
        try:
            if piece.frame is None:
                grey = next(greys(read_file(piece.path), piece.path.name))
            else:
                grey = self._held(piece.path).frame(piece.frame)
            return NewScan(piece.name, cut_head(grey, self.crop, self.harmonise).pixels)
        except OSError as error:
            return NewScan(piece.name, None, f"unreadable: {error.strerror}")
        except UndecodableScanError as error:
            return NewScan(piece.name, None, f"undecodable: {error}")
        except BlankScanError as error:
            return NewScan(piece.name, None, f"blank: {error}")

    def cut(self, scan: InMemory) -> list[Grey]:
        """Decode and cut what is in memory: one scan, or each frame of a DICOM file.

        Raises:
            UndecodableScanError: It cannot be decoded.
            BlankScanError: It shows nothing.
        """
        if isinstance(scan, (bytes, bytearray, memoryview)):
            decoded = list(greys(bytes(scan), ""))
        else:
            decoded = [grey_of(scan)]
        return [cut_head(grey, self.crop, self.harmonise).pixels for grey in decoded]

    def first(self, content: bytes) -> tuple[Grey, int]:
        """Decode and cut the first scan of a file in memory, and tell how many there are.

        Raises:
            UndecodableScanError: It cannot be decoded.
            BlankScanError: It shows nothing.
        """
        if is_dicom(content[:PREAMBLE], ""):
            dicom = open_dicom(content)
            grey, frames = dicom.frame(0), dicom.frames
        else:
            grey, frames = next(greys(content, "")), 1
        return cut_head(grey, self.crop, self.harmonise).pixels, frames


def greys(content: bytes, name: str) -> Iterator[Grey]:
    """Decode a file to grey values: one scan, or each frame of a DICOM file.

    Args:
        content: The whole file.
        name: Its name, or nothing.

    Raises:
        UndecodableScanError: It is neither a picture nor DICOM, or cannot be decoded.
    """
    if is_dicom(content[:PREAMBLE], name):
        dicom = open_dicom(content)
        yield from map(dicom.frame, range(dicom.frames))
    else:
        read_header(content)  # so that nothing too large is decoded
        yield decode_grey(content)


def _open_file(path: Path) -> DicomFile:
    return open_dicom(read_file(path))
