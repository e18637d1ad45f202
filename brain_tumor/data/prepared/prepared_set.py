"""The prepared set: cropped scans in one array, with a manifest and a summary beside it."""

import json
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brain_tumor.data.groups.connected import Ids, group_scans, numbered
from brain_tumor.data.prepared.manifest import KEPT, UNUSABLE, ManifestRow, read_manifest
from brain_tumor.data.prepared.thumbnails import THUMBNAIL
from brain_tumor.errors import DataError
from brain_tumor.files.bounded_file import read_file
from brain_tumor.files.scans import Grey

# What every summary holds, that of scans of other origin too (`prepare.summarise`).
_SUMMARY = (
    *("fingerprint", "raw", "duplicates", "kept", "classes", "unusable"),
    *("crop", "harmonise", "near_duplicates", "seconds"),
)
CHECKSUMS = "crc32"  # of files by name, in the summary; sets of 0.6 and before have none
CHECKED = ("images.npy", "frames.npy", "manifest.csv")


@dataclass(frozen=True)
class PreparedSet:
    """A prepared set on disk, opened for reading.

    Attributes:
        folder: Where it lies.
        fingerprint: Hexadecimal digest of the raw files and the settings it was made from.
        classes: Class names; a label's number is its place here.
        images: Kept scans, `(N, size, size)`, uint8, 0-255, memory-mapped and read-only.
        frames: Thumbnails of all raw files as they came, `(R, 96, 96)`, likewise; black where a
            file is unusable.
        manifest: A row for every raw file, in raw order, R in all.
        summary: The content of `summary.json`.
    """

    folder: Path
    fingerprint: str
    classes: tuple[str, ...]
    images: Grey
    frames: Grey
    manifest: tuple[ManifestRow, ...]
    summary: dict[str, Any]

    @property
    def kept(self) -> list[ManifestRow]:
        """Manifest rows of the kept scans, in the order of `images`."""
        return [row for row in self.manifest if row.row is not None]

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Class numbers of the kept scans, `(N,)`, int64, 0 to the number of classes - 1."""
        return np.array([self.classes.index(row.label) for row in self.kept], np.int64)

    @property
    def groups(self) -> Ids:
        """Groups of the kept scans, `(N,)`, int64, from 0: what no split may put on two sides.

        Scans of one patient are in one group, as are related ones, and what these join.
        """
        usable = [row for row in self.manifest if row.status != UNUSABLE]
        # Dropped copies too: what is known of one joins those that are kept.
        groups = group_rows(usable)
        kept = [row.row is not None for row in usable]
        return numbered(groups[kept].tolist())

    @property
    def patients(self) -> Ids:
        """Patients of the kept scans, `(N,)`, int64, from 0; -1 where the patient is not known."""
        return numbered([row.patient or None for row in self.kept])

    @property
    def sources(self) -> list[str]:
        """Which of several joined sets each kept scan is of, N; empty texts where there is one."""
        return [row.source for row in self.kept]

    @property
    def unusable(self) -> list[ManifestRow]:
        """Rows of files that could not be decoded or have no head in them."""
        return [row for row in self.manifest if row.status == UNUSABLE]


def group_rows(rows: Sequence[ManifestRow]) -> Ids:
    """Join usable scans that share a patient or a slice, or are related.

    Returns:
        Group of each, `(N,)`, int64, from 0 in order of first member.
    """
    return group_scans(
        [row.related for row in rows], [row.slice_key for row in rows], [row.person for row in rows]
    )


def open_prepared(folder: Path) -> PreparedSet:
    """Open a prepared set.

    Raises:
        DataError: The folder is no prepared set, a file of it is missing or damaged, or its files
            contradict each other.
    """
    try:
        summary = json.loads(read_file(folder / "summary.json"))
        missing = [name for name in _SUMMARY if name not in summary]
        if missing:
            raise ValueError(f"summary.json lacks {', '.join(missing)}")
        manifest = read_manifest(folder / "manifest.csv")
        fingerprint, classes = str(summary["fingerprint"]), tuple(summary["classes"])
        kept, size = summary["kept"], summary["crop"]["size"]
        images = _open_array(folder / "images.npy", (kept, size, size))
        frames = _open_array(folder / "frames.npy", (len(manifest), THUMBNAIL, THUMBNAIL))
        _check_manifest(manifest, kept, classes)
        for name, known in dict(summary.get(CHECKSUMS, {})).items():
            if name in CHECKED and crc32_of(folder / name) != known:
                raise ValueError(f"{name} is not as it was written")
    # JSON of many levels is too deep for Python's parser.
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{folder} is no whole prepared set ({error}): delete the folder and prepare the scans "
            "again."
        ) from error
    return PreparedSet(folder, fingerprint, classes, images, frames, manifest, summary)


def crc32_of(path: Path) -> int:
    """Take the CRC-32 of a file: 0.15 s for the 430 MB of the report's scans.

    It finds damage, not a change that somebody wants hidden. Time grows with the file, whatever
    memory there is: 3 GB/s on one core, or as fast as the disk gives it, so a set of 20 GB takes
    7 s or more at each opening, at most what reading it for one epoch takes.
    """
    found = 0
    with path.open("rb") as file:
        while piece := file.read(2**24):
            found = zlib.crc32(piece, found)
    return found


def _open_array(path: Path, shape: tuple[int, ...]) -> Grey:
    if not path.is_file():  # a pipe would wait for its writer
        raise ValueError(f"there is no file {path.name}")
    try:
        # Not np.load, which also opens archives, and pickles if it is let: those run any code.
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # NumPy raises half a dozen kinds on damaged headers
        # NumPy's further lines say how to open it all the same.
        raise ValueError(f"{path.name}: {str(error).partition(chr(10))[0]}") from error
    if array.dtype != np.uint8 or array.shape != shape or not array.flags.c_contiguous:
        raise ValueError(
            f"{path.name} holds {array.dtype} of shape {array.shape}, not uint8 of shape {shape}"
        )
    return array


def _check_manifest(manifest: Sequence[ManifestRow], kept: int, classes: Collection[str]) -> None:
    rows = [row.row for row in manifest if row.row is not None]
    if rows != list(range(kept)):
        raise ValueError(f"the manifest does not number {kept} kept scans from 0")
    for row in manifest:
        if (row.row is not None) != (row.status == KEPT):
            raise ValueError(f"the manifest calls {row.path} {row.status}, of row {row.row}")
        if row.label not in classes:
            raise ValueError(f"the manifest names the class {row.label!r}")
        if row.path.startswith("/") or ".." in row.path.split("/"):
            raise ValueError(f"the manifest names a file out of the raw folder, {row.path}")
