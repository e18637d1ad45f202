"""The prepared set: cropped scans in one array, with a manifest and a summary beside it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brain_tumor.data.groups import Ids, group_scans, numbered
from brain_tumor.data.manifest import SEEN, UNUSABLE, ManifestRow, read_manifest
from brain_tumor.data.scans import Grey
from brain_tumor.errors import DataError


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

        Scans of one patient are in one group, as are near-duplicates, and what these join.
        """
        usable = [row for row in self.manifest if row.status != UNUSABLE]
        # Dropped copies too: what is known of one joins those that are kept.
        groups = group_rows(usable)
        kept = [row.row is not None for row in usable]
        return numbered(groups[kept].tolist())

    @property
    def unusable(self) -> list[ManifestRow]:
        """Rows of files that could not be decoded or have no head in them."""
        return [row for row in self.manifest if row.status == UNUSABLE]

    @property
    def seen(self) -> list[ManifestRow]:
        """Rows of scans of other origin that a run has trained on or was selected by."""
        return [row for row in self.manifest if row.status == SEEN]


def group_rows(rows: Sequence[ManifestRow]) -> Ids:
    """Join usable scans that share a patient, a slice or a near-duplicate.

    Returns:
        Group of each, `(N,)`, int64, from 0 in order of first member.
    """
    return group_scans(
        [row.cluster for row in rows],
        [row.slice_key for row in rows],
        [row.patient_group or None for row in rows],
    )


def open_prepared(folder: Path) -> PreparedSet:
    """Open a prepared set.

    Raises:
        DataError: The folder is no prepared set, or a file of it is missing or cut short.
    """
    remedy = "delete the folder and prepare the scans again"
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        images = np.load(folder / "images.npy", mmap_mode="r")
        frames = np.load(folder / "frames.npy", mmap_mode="r")
        manifest = read_manifest(folder / "manifest.csv")
        fingerprint, classes = str(summary["fingerprint"]), tuple(summary["classes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} is no whole prepared set ({error}): {remedy}.") from error
    kept = sum(row.row is not None for row in manifest)
    if not len(images) == kept == summary["kept"] or len(frames) != len(manifest):
        raise DataError(
            f"{folder} holds {len(images)} images and {len(frames)} frames where its manifest "
            f"keeps {kept} of {len(manifest)} files: {remedy}."
        )
    return PreparedSet(folder, fingerprint, classes, images, frames, manifest, summary)
