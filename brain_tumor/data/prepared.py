"""The prepared set: cropped scans in one array, with a manifest and a summary beside it."""

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brain_tumor.data.crop import CropSettings, cut_to_head, find_head
from brain_tumor.data.dedupe import (
    TESTING,
    TESTING_IN_TRAINING,
    TRAINING,
    find_duplicates,
    pixel_digest,
)
from brain_tumor.data.manifest import (
    DUPLICATE,
    KEPT,
    UNUSABLE,
    ManifestRow,
    read_manifest,
    write_manifest,
)
from brain_tumor.data.scans import (
    Grey,
    Scan,
    UndecodableScanError,
    decode_grey,
    find_scans,
    read_header,
)
from brain_tumor.errors import DataError

# Part of every fingerprint: raise it when the same scans would give another prepared set.
FORMAT = 1

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PreparedSet:
    """A prepared set on disk, opened for reading.

    Attributes:
        folder: Where it lies.
        fingerprint: Hexadecimal digest of the raw files and the settings it was made from.
        classes: Class names; a label's number is its place here.
        images: `(N, size, size)`, uint8, 0-255, memory-mapped and read-only.
        manifest: A row for every raw file, in raw order.
        summary: The content of `summary.json`.
    """

    folder: Path
    fingerprint: str
    classes: tuple[str, ...]
    images: Grey
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
    def unusable(self) -> list[ManifestRow]:
        """Rows of files that could not be decoded or have no head in them."""
        return [row for row in self.manifest if row.status == UNUSABLE]


def prepare_scans(
    root: Path,
    classes: Sequence[str],
    crop: CropSettings,
    directory: Path,
    name: str,
    progress: Progress | None = None,
) -> PreparedSet:
    """Crop and dedupe every scan under `root`, or open what an earlier call made of the same.

    The set is named by a fingerprint of the files' contents and the settings, written beside its
    place and renamed into it, so a killed call leaves nothing half made.

    Args:
        root: Folder with `Training` and `Testing`.
        classes: Class folder names; their order numbers the labels.
        crop: How to find and cut the head.
        directory: Where prepared sets are kept.
        name: First part of the folder's name.
        progress: Called with scans done and scans in all.

    Raises:
        DataError: The raw folder is not as expected, or no scan of a class is usable.
    """
    scans = find_scans(root, classes)
    digests = _map(lambda scan: _md5(_read(root, scan)), scans)
    fingerprint = _fingerprint(scans, list(digests), classes, crop)
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
        _write(beside, root, scans, classes, crop, fingerprint, progress)
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


def open_prepared(folder: Path) -> PreparedSet:
    """Open a prepared set.

    Raises:
        DataError: The folder is no prepared set, or a file of it is missing or cut short.
    """
    remedy = "delete the folder and prepare the scans again"
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        images = np.load(folder / "images.npy", mmap_mode="r")
        manifest = read_manifest(folder / "manifest.csv")
        fingerprint, classes = str(summary["fingerprint"]), tuple(summary["classes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} is no whole prepared set ({error}): {remedy}.") from error
    kept = sum(row.row is not None for row in manifest)
    if not len(images) == kept == summary["kept"]:
        raise DataError(
            f"{folder} holds {len(images)} images where its manifest keeps {kept}: {remedy}."
        )
    return PreparedSet(folder, fingerprint, classes, images, manifest, summary)


@dataclass(frozen=True)
class _Cut:
    """What became of one file: its row but for `row`, and the pixels if it is usable."""

    entry: dict[str, Any]
    pixels: Grey | None


def _cut(root: Path, scan: Scan, crop: CropSettings) -> _Cut:
    content = _read(root, scan)
    entry: dict[str, Any] = dict.fromkeys(field.name for field in fields(ManifestRow))
    entry |= asdict(scan) | {"status": UNUSABLE, "duplicate_of": "", "pixel_md5": ""}
    entry |= {"format": "", "mode": "", "file_md5": _md5(content)}
    try:
        entry |= asdict(read_header(content))
        grey = decode_grey(content)
    except UndecodableScanError as error:
        return _Cut(entry | {"reason": f"undecodable: {error}"}, None)
    box = find_head(grey, crop)
    if box is None:
        return _Cut(entry | {"reason": f"blank: no region brighter than {crop.threshold}"}, None)
    pixels = cut_to_head(grey, box, crop.size)
    entry |= asdict(box) | {"pixel_md5": pixel_digest(pixels), "status": KEPT, "reason": ""}
    return _Cut(entry, pixels)


def _write(
    beside: Path,
    root: Path,
    scans: Sequence[Scan],
    classes: Sequence[str],
    crop: CropSettings,
    fingerprint: str,
    progress: Progress | None,
) -> None:
    shape = (len(scans), crop.size, crop.size)
    # Every usable scan lands here first; those kept are then written to their final place.
    cut = np.lib.format.open_memmap(beside / "cut.npy", mode="w+", dtype=np.uint8, shape=shape)
    entries: list[dict[str, Any]] = []
    for position, result in enumerate(_map(lambda scan: _cut(root, scan, crop), scans)):
        entries.append(result.entry)
        if result.pixels is not None:
            cut[position] = result.pixels
        if progress is not None:
            progress(position + 1, len(scans))

    duplicates = find_duplicates(
        [entry["pixel_md5"] or None for entry in entries], [entry["folder"] for entry in entries]
    )
    for duplicate in duplicates:
        original = entries[duplicate.original]["path"]
        entries[duplicate.position] |= {
            "status": DUPLICATE,
            "reason": f"duplicate ({duplicate.step})",
            "duplicate_of": original,
        }
    kept = [position for position, entry in enumerate(entries) if entry["status"] == KEPT]
    for row, position in enumerate(kept):
        entries[position]["row"] = row
    counts = Counter(entries[position]["label"] for position in kept)
    missing = [label for label in classes if not counts[label]]
    if missing:
        raise DataError(
            f"{root} has no usable scan of {', '.join(missing)}: {_first_reasons(entries)}; "
            "check the files, or give another data.root."
        )
    images = np.lib.format.open_memmap(
        beside / "images.npy", mode="w+", dtype=np.uint8, shape=(len(kept), *shape[1:])
    )
    for row, position in enumerate(kept):
        images[row] = cut[position]
    images.flush()
    del cut
    (beside / "cut.npy").unlink()

    steps = Counter(duplicate.step for duplicate in duplicates)
    summary = {
        "raw": len(scans),
        "duplicates": {step: steps[step] for step in (TRAINING, TESTING, TESTING_IN_TRAINING)},
        "kept": len(kept),
        "classes": {label: counts[label] for label in classes},
        "unusable": sum(entry["status"] == UNUSABLE for entry in entries),
        "crop": asdict(crop),
        "fingerprint": fingerprint,
    }
    write_manifest(beside / "manifest.csv", [ManifestRow(**entry) for entry in entries])
    text = json.dumps(summary, indent=2) + "\n"
    (beside / "summary.json").write_text(text, encoding="utf-8")


def _fingerprint(
    scans: Sequence[Scan], digests: Sequence[str], classes: Sequence[str], crop: CropSettings
) -> str:
    # The digest of a file, not its date: a copied or re-downloaded set is the same set.
    content = [(scan.path, digest) for scan, digest in zip(scans, digests, strict=True)]
    made_of = json.dumps([FORMAT, list(classes), asdict(crop), content])
    return hashlib.sha256(made_of.encode()).hexdigest()


def _first_reasons(entries: Sequence[dict[str, Any]]) -> str:
    odd = [entry for entry in entries if entry["status"] == UNUSABLE]
    return "; ".join(f"{entry['path']} is {entry['reason']}" for entry in odd[:3])


def _map(function: Callable[[Scan], Any], scans: Iterable[Scan]) -> Iterator[Any]:
    # Threads suffice: OpenCV, hashing and reading all release Python's lock.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(function, scans)


def _read(root: Path, scan: Scan) -> bytes:
    try:
        return (root / scan.path).read_bytes()
    except OSError as error:
        raise DataError(
            f"{root / scan.path} cannot be read ({error.strerror}): mend its permissions or "
            "take it out of the folder."
        ) from error


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
