"""From raw scans to a prepared set: "Dataset & Preprocessing" of the report, whole."""

import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from brain_tumor.data.crop import CropSettings, cut_to_head, find_head
from brain_tumor.data.dedupe import (
    TESTING,
    TESTING_IN_TRAINING,
    TRAINING,
    find_duplicates,
    pixel_digest,
)
from brain_tumor.data.fingerprint import fingerprint_of, md5
from brain_tumor.data.harmonise import HarmoniseSettings, harmonise
from brain_tumor.data.manifest import DUPLICATE, KEPT, UNUSABLE, ManifestRow, write_manifest
from brain_tumor.data.near_duplicates import (
    THUMBNAIL,
    NearDuplicateSettings,
    cluster,
    find_near_duplicates,
    thumbnail,
)
from brain_tumor.data.pairs import Pair, write_pairs
from brain_tumor.data.patients import PatientTable, read_patients
from brain_tumor.data.prepared import PreparedSet, open_prepared
from brain_tumor.data.scans import (
    Grey,
    Scan,
    UndecodableScanError,
    decode_grey,
    find_scans,
    read_header,
    read_scan,
)
from brain_tumor.errors import ConfigError, DataError

_CROPPING, _COMPARING = "cropping scans", "comparing scans"
_AHEAD = 256  # scans treated before the first of them is written: bounds the memory they take

Progress = Callable[[str, int, int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class PrepareSettings:
    """What is done to the scans.

    Attributes:
        classes: Class folder names; their order numbers the labels.
        crop: How to find and cut the head.
        harmonise: What is taken out of the kept scans; duplicates are sought before that.
        near_duplicates: When two scans count as the same slice.
        patients: A patient table; None where no patient is known.

    Raises:
        ConfigError: Scans would be brought to more pixels than they are given in the end.
    """

    classes: tuple[str, ...]
    crop: CropSettings
    harmonise: HarmoniseSettings
    near_duplicates: NearDuplicateSettings
    patients: Path | None = None

    def __post_init__(self) -> None:
        resolution = self.harmonise.resolution
        if resolution is not None and resolution > self.crop.size:
            raise ConfigError(
                f"data.harmonise.resolution must be at most data.crop.size, {self.crop.size}: "
                f"{resolution}"
            )


def prepare_scans(
    root: Path,
    settings: PrepareSettings,
    directory: Path,
    name: str,
    progress: Progress | None = None,
) -> PreparedSet:
    """Crop and dedupe every scan under `root`, or open what an earlier call made of the same.

    The set is named by a fingerprint of the files' contents and the settings, written beside its
    place and renamed into it, so a killed call leaves nothing half made.

    Args:
        root: Folder with `Training` and `Testing`.
        settings: What is done to the scans.
        directory: Where prepared sets are kept.
        name: First part of the folder's name.
        progress: Called with the step's name, how much of it is done, and how much there is.

    Raises:
        DataError: The raw folder is not as expected, no scan of a class is usable, or the patient
            table is no such table.
    """
    scans = find_scans(root, settings.classes)
    table = None if settings.patients is None else read_patients(settings.patients)
    paths = [scan.path for scan in scans]
    digests = list(_map(lambda scan: md5(read_scan(root, scan)), scans))
    fingerprint = fingerprint_of(dict(zip(paths, digests, strict=True)), asdict(settings), table)
    folder = directory / f"{name}-{fingerprint[:12]}"
    if folder.exists():
        return open_prepared(folder)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=directory))
    except OSError as error:
        raise DataError(
            f"The prepared set cannot be written to {directory} ({error.strerror}): "
            "give a writable folder as data.prepared=..."
        ) from error
    try:
        _Writer(beside, root, settings, table, progress or _silent).write(scans, fingerprint)
        # mkdtemp makes folders for the owner alone; a prepared set may be shared.
        beside.chmod(0o755)
        try:
            beside.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was first, with the same content
                raise
    except OSError as error:
        raise DataError(
            f"Writing the prepared set to {directory} failed ({error.strerror}): "
            "free some space there, or give another folder as data.prepared=..."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return open_prepared(folder)


@dataclass(frozen=True)
class _Cut:
    """What became of one file: its manifest entries so far, and, if it is usable, its pixels.

    These are the harmonised scan, and thumbnails of its frame and its head.
    """

    entry: dict[str, Any]
    views: tuple[Grey, Grey, Grey] | None = None


@dataclass(frozen=True)
class _Writer:
    folder: Path
    root: Path
    settings: PrepareSettings
    table: PatientTable | None
    progress: Progress

    def write(self, scans: Sequence[Scan], fingerprint: str) -> None:
        """Write every file of the prepared set."""
        size, number = self.settings.crop.size, len(scans)
        # Every usable scan lands here first; those kept are then written to their final place.
        cut = self._array("cut.npy", number, size)
        frames = self._array("frames.npy", number, THUMBNAIL)
        heads = np.zeros((number, THUMBNAIL, THUMBNAIL), np.uint8)
        entries: list[dict[str, Any]] = []
        for position, result in enumerate(_map(self._cut, scans)):
            entries.append(result.entry)
            if result.views is not None:
                cut[position], frames[position], heads[position] = result.views
            self.progress(_CROPPING, position + 1, number)
        frames.flush()
        begun = time.perf_counter()
        pairs = find_near_duplicates(
            frames,
            heads,
            self.settings.near_duplicates,
            lambda done, blocks: self.progress(_COMPARING, done, blocks),
        )
        seconds = round(time.perf_counter() - begun, 3)
        steps = _mark_duplicates(entries)
        _mark_clusters(entries, pairs)
        kept = [position for position, entry in enumerate(entries) if entry["status"] == KEPT]
        for row, position in enumerate(kept):
            entries[position]["row"] = row
        counts = Counter(entries[position]["label"] for position in kept)
        self._check_classes(entries, counts)
        images = self._array("images.npy", len(kept), size)
        for row, position in enumerate(kept):
            images[row] = cut[position]
        images.flush()
        del cut
        (self.folder / "cut.npy").unlink()
        write_pairs(
            self.folder / "near_duplicates.csv", pairs, [entry["path"] for entry in entries]
        )
        write_manifest(self.folder / "manifest.csv", [ManifestRow(**entry) for entry in entries])
        summary = {
            "raw": number,
            "duplicates": {step: steps[step] for step in (TRAINING, TESTING, TESTING_IN_TRAINING)},
            "kept": len(kept),
            "classes": {label: counts[label] for label in self.settings.classes},
            "unusable": sum(entry["status"] == UNUSABLE for entry in entries),
            "crop": asdict(self.settings.crop),
            "harmonise": asdict(self.settings.harmonise),
            "near_duplicates": asdict(self.settings.near_duplicates),
            "seconds": {_COMPARING: seconds},
            "fingerprint": fingerprint,
        }
        text = json.dumps(summary, indent=2) + "\n"
        (self.folder / "summary.json").write_text(text, encoding="utf-8")

    def _array(self, name: str, number: int, side: int) -> Any:
        shape = (number, side, side)
        path = self.folder / name
        return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)

    def _cut(self, scan: Scan) -> _Cut:
        content, crop = read_scan(self.root, scan), self.settings.crop
        file_md5 = md5(content)
        entry: dict[str, Any] = dict.fromkeys(field.name for field in fields(ManifestRow))
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
            return _Cut(entry | {"reason": f"undecodable: {error}"})
        box = find_head(grey, crop)
        if box is None:
            return _Cut(entry | {"reason": f"blank: no region brighter than {crop.threshold}"})
        plain = cut_to_head(grey, box, crop.size)
        entry |= asdict(box) | {"status": KEPT, "pixel_md5": pixel_digest(plain)}
        entry |= {"frame_md5": pixel_digest(grey)}
        pixels = harmonise(grey, box, crop, self.settings.harmonise)
        return _Cut(entry, (pixels, thumbnail(grey), thumbnail(plain)))

    def _check_classes(self, entries: Sequence[dict[str, Any]], counts: Counter[str]) -> None:
        missing = [label for label in self.settings.classes if not counts[label]]
        if missing:
            odd = [entry for entry in entries if entry["status"] == UNUSABLE]
            reasons = "; ".join(f"{entry['path']} is {entry['reason']}" for entry in odd[:3])
            raise DataError(
                f"{self.root} has no usable scan of {', '.join(missing)}: {reasons}; "
                "check the files, or give another data.root."
            )


_KNOWN = ("slice_id", "patient", "patient_group", "known_label")
# Columns of the manifest that are empty, not None, where nothing is known.
_TEXTS = (
    *("reason", "duplicate_of", "format", "mode", "frame_md5", "pixel_md5"),
    *_KNOWN,
)


def _mark_duplicates(entries: Sequence[dict[str, Any]]) -> Counter[str]:
    """Mark what the report drops; gives the number of scans that each step drops."""
    digests = [entry["pixel_md5"] or None for entry in entries]
    duplicates = find_duplicates(digests, [entry["folder"] for entry in entries])
    for duplicate in duplicates:
        entry, original = entries[duplicate.position], entries[duplicate.original]
        entry |= {
            "status": DUPLICATE,
            "reason": f"duplicate ({duplicate.step})",
            "duplicate_of": original["path"],
        }
        if not original["patient"]:  # the same pixels are the same slice
            original |= {name: entry[name] for name in _KNOWN}
    return Counter(duplicate.step for duplicate in duplicates)


def _mark_clusters(entries: Sequence[dict[str, Any]], pairs: Sequence[Pair]) -> None:
    for entry, number in zip(entries, cluster(pairs, len(entries)).tolist(), strict=True):
        if entry["status"] != UNUSABLE:
            entry["cluster"] = number


def _map(function: Callable[[Scan], T], scans: Sequence[Scan]) -> Iterator[T]:
    # Threads suffice: OpenCV, hashing and reading all release Python's lock.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(scans), _AHEAD):
            yield from pool.map(function, scans[start : start + _AHEAD])


def _silent(step: str, done: int, total: int) -> None:
    """Show nothing."""
