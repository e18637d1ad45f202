"""New scans: from whatever holds them to what a network takes, or the reason why not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings, cut_head
from brain_tumor.files.picture import grey_of_pillow
from brain_tumor.files.read import ScanReader, array_to_grey, content_frames, scans_of
from brain_tumor.files.scans import Grey, ScanError, UndecodableScanError, check_size
from brain_tumor.files.source import Scan
from brain_tumor.files.volumes.find import SliceReader, find_volumes, members
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.files.volumes.volume import VolumeFiles

InMemory = bytes | bytearray | memoryview | Image.Image | npt.NDArray[Any]


@dataclass(frozen=True)
class NewScan:
    """What became of a scan: `(size, size)`, uint8, 0-255, or the reason why there is none."""

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

    def scans(self, place: Path | VolumeFiles) -> list[Scan]:
        """Look what there is: a file, each frame or page of it, or slices of a volume."""
        if isinstance(place, VolumeFiles):
            return self._slices.scans(place, Scan(place.place.as_posix(), ""))
        return scans_of(Path(), Scan(place.as_posix(), ""))

    def read(self, scan: Scan) -> NewScan:
        """Read, decode and cut a scan; never raises over what a file holds."""
        try:
            return NewScan(scan.name, self._head(self._files.read(scan).grey))
        except ScanError as error:
            return NewScan(scan.name, None, error.reason)

    def cut(self, scan: InMemory) -> list[Callable[[], Grey]]:
        """Give what decodes and cuts each scan of what is in memory: one, or a file's frames.

        ScanError where that fails, here or there.
        """
        if isinstance(scan, (bytes, bytearray, memoryview)):
            frames = content_frames(bytes(scan), "")
        else:
            frames = [partial(grey_of, scan)]
        return [partial(self._head, frame) for frame in frames]

    def _head(self, decode: Callable[[], Grey]) -> Grey:
        return cut_head(decode(), self.crop, self.harmonise).pixels


def grey_of(picture: npt.NDArray[Any] | Image.Image) -> Grey:
    """Turn a picture in memory into grey values, `(H, W)`, uint8, 0-255, as one in a file.

    An array is `(H, W)` or `(H, W, 3)`, uint8, 0-255, red first. UndecodableScanError where it is
    of another kind, or has more pixels than `MAX_PIXELS`.
    """
    if isinstance(picture, Image.Image):
        check_size(*picture.size)
        try:
            return grey_of_pillow(ImageOps.exif_transpose(picture))
        except UndecodableScanError:
            raise
        except Exception as error:  # PIL decodes late, and raises a dozen kinds
            raise UndecodableScanError("a picture that PIL cannot decode") from error
    if picture.dtype != np.uint8:
        kind = f"an array of {picture.dtype} {picture.shape}"
        fix = "scale it to 0-255, then .astype(np.uint8)"
        raise UndecodableScanError(f"{kind}, not uint8 (H, W) or (H, W, 3): {fix}")
    return array_to_grey(picture)


def files_and_volumes(files: Sequence[Path]) -> list[Path | VolumeFiles]:
    """Give each file, and in place of the files of a volume that volume once."""
    volume_of = members(find_volumes(files))
    return list(dict.fromkeys(volume_of.get(path) or path for path in files))
