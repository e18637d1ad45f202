"""From a raw file to its manifest entry and its pixels, and from many files to arrays of them."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from brain_tumor.data.crop import CropSettings, cut_to_head, find_head
from brain_tumor.data.dedupe import pixel_digest
from brain_tumor.data.fingerprint import md5
from brain_tumor.data.harmonise import HarmoniseSettings, harmonise
from brain_tumor.data.manifest import KEPT, UNUSABLE, ManifestRow
from brain_tumor.data.near_duplicates import THUMBNAIL, thumbnail
from brain_tumor.data.patients import PatientTable
from brain_tumor.data.scans import (
    Grey,
    Scan,
    UndecodableScanError,
    decode_grey,
    read_header,
    read_scan,
)

CUT = "cut.npy"  # every scan lands here first; those kept are then written to their final place
KNOWN = ("slice_id", "patient", "patient_group", "known_label")
# Columns of the manifest that are empty, not None, where nothing is known.
_TEXTS = (
    *("reason", "duplicate_of", "format", "mode", "frame_md5", "pixel_md5"),
    *KNOWN,
)
_AHEAD = 256  # scans treated before the first of them is written: bounds the memory they take

Entry = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Cut:
    """What became of one file: its manifest entry so far, and, if it is usable, its pixels.

    These are the harmonised scan, and thumbnails of its frame and its head.
    """

    entry: Entry
    views: tuple[Grey, Grey, Grey] | None = None


@dataclass(frozen=True)
class Cutter:
    """How each file of a raw folder is read, decoded, cut to the head and harmonised.

    Attributes:
        root: The raw folder.
        crop: How to find and cut the head.
        harmonise: What is taken out of the scan.
        table: What is known of the files; None where nothing is.
    """

    root: Path
    crop: CropSettings
    harmonise: HarmoniseSettings
    table: PatientTable | None

    def cut(self, scan: Scan) -> Cut:
        """Cut one file; one that holds no head is unusable, and its entry says why.

        Raises:
            DataError: It cannot be read.
        """
        content, crop = read_scan(self.root, scan), self.crop
        file_md5 = md5(content)
        entry: Entry = dict.fromkeys(field.name for field in fields(ManifestRow))
        entry |= dict.fromkeys(_TEXTS, "") | asdict(scan)
        entry |= {"status": UNUSABLE, "file_md5": file_md5, "bytes": len(content)}
        known = None if self.table is None else self.table.find(scan.path, file_md5)
        if known is not None:
            entry |= {
                "slice_id": known.slice_id,
                "patient": known.patient,
                "patient_group": known.patient_group,
                "known_label": known.label,
            }
        try:
            entry |= asdict(read_header(content))
            grey = decode_grey(content)
        except UndecodableScanError as error:
            return Cut(entry | {"reason": f"undecodable: {error}"})
        box = find_head(grey, crop)
        if box is None:
            return Cut(entry | {"reason": f"blank: no region brighter than {crop.threshold}"})
        plain = cut_to_head(grey, box, crop.size)
        entry |= asdict(box) | {"status": KEPT, "pixel_md5": pixel_digest(plain)}
        entry |= {"frame_md5": pixel_digest(grey)}
        pixels = harmonise(grey, box, crop, self.harmonise)
        return Cut(entry, (pixels, thumbnail(grey), thumbnail(plain)))


@dataclass(frozen=True)
class CutScans:
    """Every file of a raw folder, cut; pixels are black where a file is unusable.

    Attributes:
        entries: Manifest entries; all that is usable counts as kept so far.
        images: Harmonised scans, `(R, size, size)`, uint8, 0-255, in a file of their own.
        frames: Thumbnails of the frames, `(R, 96, 96)`, uint8, likewise.
        heads: Thumbnails of the heads, before they are harmonised, `(R, 96, 96)`, uint8.
    """

    entries: list[Entry]
    images: Grey
    frames: Grey
    heads: Grey


def cut_scans(
    cutter: Cutter,
    scans: Sequence[Scan],
    folder: Path,
    progress: Callable[[int, int], None],
) -> CutScans:
    """Cut files, and write `CUT` and `frames.npy`.

    Args:
        cutter: How.
        scans: Which, R in all.
        folder: Where the arrays go.
        progress: Called with scans done and scans in all.

    Raises:
        DataError: A file cannot be read.
    """
    size, number = cutter.crop.size, len(scans)
    images = new_array(folder / CUT, number, size)
    frames = new_array(folder / "frames.npy", number, THUMBNAIL)
    heads = np.zeros((number, THUMBNAIL, THUMBNAIL), np.uint8)
    entries: list[Entry] = []
    for position, result in enumerate(_map(cutter.cut, scans)):
        entries.append(result.entry)
        if result.views is not None:
            images[position], frames[position], heads[position] = result.views
        progress(position + 1, number)
    frames.flush()
    return CutScans(entries, images, frames, heads)


def digest_files(root: Path, scans: Sequence[Scan]) -> dict[str, str]:
    """Give the MD5 of each file's bytes, by path, in the order of the scans.

    Raises:
        DataError: A file cannot be read.
    """
    digests = _map(lambda scan: md5(read_scan(root, scan)), scans)
    return dict(zip((scan.path for scan in scans), digests, strict=True))


def new_array(path: Path, number: int, side: int) -> np.memmap[Any, np.dtype[np.uint8]]:
    """Make a file of black scans, `(number, side, side)`, uint8, and map it to be written to."""
    shape = (number, side, side)
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def _map(function: Callable[[Scan], T], scans: Sequence[Scan]) -> Iterator[T]:
    # Threads suffice: OpenCV, hashing and reading all release Python's lock.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(scans), _AHEAD):
            yield from pool.map(function, scans[start : start + _AHEAD])
