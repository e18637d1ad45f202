"""New scans: from whatever holds them to what a network takes, or the reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
from PIL import Image

from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import BlankScanError, HarmoniseSettings, cut_head
from brain_tumor.files.read import ScanReader, content_frames, frames_of
from brain_tumor.files.scans import Grey, UndecodableScanError, UnreadableScanError
from brain_tumor.files.source import Scan
from brain_tumor.files.volumes.find import SliceReader, VolumeFiles, find_volumes, members
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.predict.inputs import grey_of

InMemory = bytes | bytearray | memoryview | Image.Image | npt.NDArray[Any]


@dataclass(frozen=True)
class Piece:
    """A file, or one frame or page of it, or one slice of a volume, numbered from 0."""

    path: Path
    frame: int | None = None
    volume: VolumeFiles | None = None

    @property
    def name(self) -> str:
        """The path as any text file can hold it, and the frame's number from 1 as DICOM counts."""
        return self.scan.name

    @property
    def scan(self) -> Scan:
        """The same as a scan of no class."""
        return Scan(self.path.as_posix(), "", frame=self.frame)


@dataclass(frozen=True)
class NewScan:
    """What became of a piece: `(size, size)`, uint8, 0-255, or the reason why there is none."""

    name: str
    pixels: Grey | None
    reason: str = ""


class Reader:
    """Reads scans, and cuts them as those that a network was trained on. Threads may share it."""

    def __init__(
        self, crop: CropSettings, harmonise: HarmoniseSettings, volume: VolumeSettings | None = None
    ) -> None:
        self.crop, self.harmonise = crop, harmonise
        self._files, self._slices = ScanReader(Path()), SliceReader(volume or VolumeSettings())

    def pieces(self, path: Path | VolumeFiles) -> list[Piece]:
        """Look what there is: a file, each frame or page of it, or slices of a volume."""
        if not isinstance(path, VolumeFiles):
            return [Piece(path, frame) for frame in frames_of(path)]
        try:
            numbers = list(self._slices.slices(path))
        except (UnreadableScanError, UndecodableScanError):  # `read` has the reason
            return [Piece(path.place, None, path)]
        return [Piece(path.place, number, path) for number in numbers]

    def read(self, piece: Piece) -> NewScan:
        """Read, decode and cut a piece; never raises over what a file holds."""
        try:
            if piece.volume is None:
                grey = self._files.read(piece.scan).grey()
            else:
                grey = self._slices.slice(piece.volume, -1 if piece.frame is None else piece.frame)
            return NewScan(piece.name, cut_head(grey, self.crop, self.harmonise).pixels)
        except UnreadableScanError as error:
            return NewScan(piece.name, None, f"unreadable: {error}")
        except UndecodableScanError as error:
            return NewScan(piece.name, None, f"undecodable: {error}")
        except BlankScanError as error:
            return NewScan(piece.name, None, f"blank: {error}")

    def cut(self, scan: InMemory) -> list[Grey]:
        """Decode and cut what is in memory: one scan, or each frame or page of a file.

        UndecodableScanError or BlankScanError where that fails.
        """
        if isinstance(scan, (bytes, bytearray, memoryview)):
            decoded = [frame() for frame in content_frames(bytes(scan), "")]
        else:
            decoded = [grey_of(scan)]
        return [cut_head(grey, self.crop, self.harmonise).pixels for grey in decoded]

    def first(self, content: bytes) -> tuple[Grey, int]:
        """Decode and cut the first scan of a file in memory, and tell how many there are.

        UndecodableScanError or BlankScanError where that fails.
        """
        frames = content_frames(content, "")
        return cut_head(frames[0](), self.crop, self.harmonise).pixels, len(frames)


def files_and_volumes(files: Sequence[Path]) -> list[Path | VolumeFiles]:
    """Give each file, and in place of the files of a volume that volume once."""
    volume_of = members(find_volumes(files))
    return list(dict.fromkeys(volume_of.get(path) or path for path in files))
