"""Write a prepared set whole or not at all, and take one that is already there."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from brain_tumor.data.groups.pairs import Pair, write_pairs
from brain_tumor.data.prepared.manifest import KEPT, ManifestRow, write_manifest
from brain_tumor.data.prepared.prepared_set import (
    CHECKED,
    CHECKSUMS,
    PreparedSet,
    crc32_of,
    open_prepared,
)
from brain_tumor.data.prepared.read_and_crop import CUT, CutScans
from brain_tumor.errors import DataError
from brain_tumor.files.scans import Grey

LOCK = ".lock"  # held in a folder that is being written


def open_or_write(folder: Path, write: Callable[[Path], None]) -> PreparedSet:
    """Open the prepared set at `folder`, once it is there.

    It is written beside its place and renamed into it, so a killed call leaves nothing half made:
    `write` gets a folder, and writes every file of the set there.

    Raises:
        DataError: It cannot be written, or what is there is no whole prepared set.
    """
    directory = folder.parent
    try:
        if folder.exists():
            return open_prepared(folder)
        directory.mkdir(parents=True, exist_ok=True)
        _forget_halves(directory)
        halves = tempfile.TemporaryDirectory(
            prefix=f".{folder.name}-", dir=directory, ignore_cleanup_errors=True
        )
        with halves as half, FileLock(Path(half, LOCK)):  # it ends with this process
            beside = Path(half, folder.name)
            beside.mkdir()
            write(beside)
            # Here, where nothing maps it any more: Windows removes no file that is mapped.
            (beside / CUT).unlink()
            try:
                beside.rename(folder)
            except OSError:
                if not folder.exists():  # else another process was first, with the same content
                    raise
    except OSError as error:
        raise DataError(
            f"The prepared set cannot be written to {directory} ({error.strerror}): free some "
            "space there, or give another folder as data.prepared=..."
        ) from error
    return open_prepared(folder)


def _forget_halves(directory: Path) -> None:
    """Remove what killed processes left of sets that they were writing."""
    for mark in directory.glob(f".*-*-*/{LOCK}"):
        lock = FileLock(mark, timeout=0)
        try:
            lock.acquire()
        except (OSError, Timeout):  # it is being written
            continue
        lock.release()
        shutil.rmtree(mark.parent, ignore_errors=True)


def write_prepared(
    folder: Path, cut: CutScans, pairs: Sequence[Pair], summary: Mapping[str, Any]
) -> None:
    """Write every file of a prepared set but `frames.npy`, which `cut_scans` has written.

    Scans that are kept get their rows here, and the summary its checksums.
    """
    entries = cut.entries
    kept = [position for position, entry in enumerate(entries) if entry["status"] == KEPT]
    for row, position in enumerate(kept):
        entries[position]["row"] = row
    _write_images(folder / "images.npy", cut.images, kept)
    write_pairs(folder / "near_duplicates.csv", pairs, [entry["path"] for entry in entries])
    write_manifest(folder / "manifest.csv", [ManifestRow(**entry) for entry in entries])
    checksums = {name: crc32_of(folder / name) for name in CHECKED}
    text = json.dumps({**summary, CHECKSUMS: checksums}, indent=2) + "\n"
    (folder / "summary.json").write_text(text, encoding="utf-8")


def _write_images(path: Path, images: Grey, kept: Sequence[int]) -> None:
    form = {"descr": "|u1", "fortran_order": False, "shape": (len(kept), *images.shape[1:])}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, form)
        for position in kept:
            file.write(images[position].data)
