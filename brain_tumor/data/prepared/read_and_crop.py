"""From a raw file to its manifest entry and its pixels, and from many files to arrays of them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from brain_tumor.data.groups.patients import Table
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.exact_duplicates import pixel_digest
from brain_tumor.data.prepared.harmonise import HarmoniseSettings, cut_head
from brain_tumor.data.prepared.manifest import KEPT, UNUSABLE, ManifestRow
from brain_tumor.data.prepared.thumbnails import THUMBNAIL, thumbnail
from brain_tumor.errors import DataError
from brain_tumor.files.parallel import each
from brain_tumor.files.read import RawScan, ScanReader
from brain_tumor.files.scans import Grey, ScanError
from brain_tumor.files.source import Scan

CUT = "cut.npy"  # every scan lands here first; those kept are then written to their final place
KNOWN = ("slice_id", "patient", "patient_group", "known_label")
# Columns of the manifest that are empty, not None, where nothing is known.
_TEXTS = (*("reason", "duplicate_of", "format", "mode", "frame_md5", "pixel_md5"), "source", *KNOWN)
Entry = dict[str, Any]
_EMPTY: Entry = {column.name: None for column in fields(ManifestRow)} | dict.fromkeys(_TEXTS, "")


@dataclass(frozen=True)
class Cut:
    """What became of one file: its manifest entry so far, and, if it is usable, its pixels.

    These are the harmonised scan, and a thumbnail of its frame.
    """

    entry: Entry
    views: tuple[Grey, Grey] | None = None


@dataclass(frozen=True)
class Cutter:
    """How each scan of a source is read, decoded, cut to the head and harmonised."""

    root: Path
    crop: CropSettings
    harmonise: HarmoniseSettings
    table: Table | None
    digests: Mapping[str, str]  # MD5 of each scan's bytes, by name (`fingerprint.digest_files`)
    _reader: ScanReader = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reader", ScanReader(self.root))

    def read(self, scan: Scan) -> RawScan:
        """Read a scan, which has to be the one that was digested.

        Raises:
            UnreadableScanError: It cannot be read, and could not be before.
            UndecodableScanError: Likewise, an array that is none.
            DataError: It has changed, or is gone: the set would be named by another content.
        """
        digested = self.digests[scan.name]
        try:
            found = self._reader.read(scan)
            same = found.digest == digested
        except ScanError:
            if not digested:
                raise
            same = False
        if not same:
            raise DataError(
                f"{self.root / scan.name} changed while the scans were prepared: wait until "
                "nothing writes there any more, and run this again."
            )
        return found

    def cut(self, scan: Scan) -> Cut:
        """Cut one scan; one that holds no head is unusable, and its entry says why."""
        file_md5 = self.digests[scan.name]
        entry = _EMPTY | {"path": scan.name, "folder": scan.part, "label": scan.label}
        entry |= {"status": UNUSABLE, "file_md5": file_md5, "bytes": 0}
        entry |= {"slice_id": scan.slice_id, "patient": scan.patient, "source": scan.source}
        alone = scan.patient if scan.patient_group == "" else scan.patient_group
        entry |= {"patient_group": alone or ""}
        known = None if self.table is None else self.table.find(scan.name, file_md5)
        if known is not None:
            entry |= {
                "slice_id": known.slice_id,
                "patient": known.patient,
                "patient_group": known.patient_group,
                "known_label": known.label,
            }
        try:
            found = self.read(scan)
            entry["bytes"] = found.bytes
            entry |= vars(found.header())
            grey = found.grey()
            entry |= dict(zip(("height", "width"), grey.shape, strict=True))
            head = cut_head(grey, self.crop, self.harmonise)
        except ScanError as error:
            return Cut(entry | {"reason": error.reason})
        entry |= vars(head.box) | {"status": KEPT, "pixel_md5": pixel_digest(head.plain)}
        return Cut(entry, (head.pixels, thumbnail(grey)))


@dataclass(frozen=True)
class CutScans:
    """Every file of a raw folder, cut; pixels are black where a file is unusable."""

    entries: list[Entry]  # all that is usable counts as kept so far
    images: Grey  # harmonised, `(R, size, size)`, uint8, 0-255, in a file of their own
    frames: Grey  # thumbnails, `(R, 96, 96)`, uint8


def cut_scans(
    cutter: Cutter, scans: Sequence[Scan], folder: Path, progress: Callable[[int, int], None]
) -> CutScans:
    """Cut files, and write `CUT` and `frames.npy`."""
    size, number = cutter.crop.size, len(scans)
    frames = np.zeros((number, THUMBNAIL, THUMBNAIL), np.uint8)
    entries: list[Entry] = []
    # Written as plain files: a page of a mapped one costs as much as a page of pixels.
    with (folder / CUT).open("wb") as file:
        for position, result in enumerate(each(cutter.cut, scans)):
            entries.append(result.entry)
            if result.views is not None:
                pixels, frames[position] = result.views
                file.seek(position * size * size)
                file.write(pixels.data)
            progress(position + 1, number)
        file.truncate(number * size * size)
    _digest_frames(cutter, scans, entries)
    np.save(folder / "frames.npy", frames)
    images = np.memmap(folder / CUT, np.uint8, "r", shape=(number, size, size))
    return CutScans(entries, images, frames)


def _digest_frames(cutter: Cutter, scans: Sequence[Scan], entries: Sequence[Entry]) -> None:
    """Fill in `frame_md5` where cropped pixels repeat: equal frames have equal heads.

    Files of the same bytes have the same frame, which is decoded once.
    """
    heads = Counter(entry["pixel_md5"] for entry in entries if entry["pixel_md5"])
    repeated = [number for number, entry in enumerate(entries) if heads[entry["pixel_md5"]] > 1]
    files = {entries[number]["file_md5"]: scans[number] for number in repeated}
    frames = each(lambda scan: pixel_digest(cutter.read(scan).grey()), [*files.values()])
    digests = dict(zip(files, frames, strict=True))
    for number in repeated:
        entries[number]["frame_md5"] = digests[entries[number]["file_md5"]]
