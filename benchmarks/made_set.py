"""A prepared set made from another one: its scans repeated, or at another side."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.ours.building import spread_evenly
from brain_tumor.data.prepared.manifest import write_manifest
from brain_tumor.data.prepared.prepared_set import CHECKSUMS, PreparedSet
from brain_tumor.data.prepared.thumbnails import THUMBNAIL

CHUNK = 1024  # scans written at once


def write_set(
    prepared: PreparedSet, folder: Path, scans: int | None = None, side: int | None = None
) -> Path:
    """Write a prepared set for timing: real pixels, black thumbnails, no near-duplicates.

    Args:
        prepared: Where scans are taken from.
        folder: Where it goes; it must not exist.
        scans: How many it holds, each of the others several times; None: as many as there are.
        side: Of each scan in pixels; None: as they are.

    Returns:
        The folder, which `open_prepared` opens.
    """
    folder.mkdir(parents=True)
    rows = spread_evenly(np.arange(len(prepared.images)), scans)
    size = prepared.images.shape[-1]
    images = _new_array(folder / "images.npy", len(rows), side or size)
    for start in range(0, len(rows), CHUNK):
        chunk = prepared.images[rows[start : start + CHUNK]]
        if side not in (None, size):
            chunk = np.stack([cv2.resize(image, (side, side)) for image in chunk])
        images[start : start + len(chunk)] = chunk
    images.flush()
    _new_array(folder / "frames.npy", len(rows), THUMBNAIL)  # takes no disk until it is written to
    kept = prepared.kept
    entries = [
        replace(kept[row], row=place, path=f"{place}/{kept[row].path}", cluster=None, related=None)
        for place, row in enumerate(rows)
    ]
    write_manifest(folder / "manifest.csv", entries)
    classes = {name: sum(entry.label == name for entry in entries) for name in prepared.classes}
    crop = prepared.summary["crop"] | {"size": side or size}
    counts = {"raw": len(rows), "kept": len(rows), "classes": classes}
    summary = prepared.summary | counts | {"crop": crop}
    summary.pop(CHECKSUMS, None)  # of the other set's files
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return folder


def _new_array(path: Path, number: int, side: int) -> np.memmap[Any, np.dtype[np.uint8]]:
    shape = (number, side, side)
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
