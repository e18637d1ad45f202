"""What a run has learnt from, and which scans of other origin look like it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from brain_tumor.data.groups.near_duplicates import find_near_duplicates
from brain_tumor.data.groups.orientations import AS_IS
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.prepared.manifest import ManifestRow
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import TRAIN, VALIDATION, Split
from brain_tumor.files.scans import Grey


@dataclass(frozen=True)
class TrainingScans:
    """The scans that a run was fitted or selected by, K in all.

    Attributes:
        rows: Rows of the files that are compared: kept scans, and dropped copies of other frames.
        frames: Thumbnails of these, `(K, 96, 96)`, uint8, 0-255.
        kept: Path of the kept scan that each shows.
        parts: Part of that, `train` or `validation`.
    """

    rows: tuple[ManifestRow, ...]
    frames: Grey
    kept: tuple[str, ...]
    parts: tuple[str, ...]


def training_scans(run: PreparedSet, split: Split) -> TrainingScans:
    """Gather what a run has learnt from.

    Args:
        run: Its prepared set.
        split: Its split; test scans do not count, nor scans that are in no part.
    """
    parts = {row: part for part in (VALIDATION, TRAIN) for row in getattr(split, part).tolist()}
    kept = {row.pixel_md5: row for row in run.kept if row.row in parts}
    rows, positions, scans_of_parts = [], [], []
    for position, row in enumerate(run.manifest):
        scan = kept.get(row.pixel_md5)
        # A dropped copy has the same head, but maybe another margin.
        if scan is not None and (row == scan or row.frame_md5 != scan.frame_md5):
            rows.append(row)
            positions.append(position)
            scans_of_parts.append(scan)
    return TrainingScans(
        tuple(rows),
        run.frames[positions],
        tuple(scan.path for scan in scans_of_parts),
        tuple(parts[scan.row] for scan in scans_of_parts if scan.row is not None),
    )


def compare_with(
    training: TrainingScans,
    rows: Sequence[ManifestRow],
    frames: Grey,
    settings: NearDuplicateSettings,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Pair], list[Pair]]:
    """Compare scans of other origin with what a run has learnt from, and with each other.

    Args:
        training: What it has learnt from.
        rows: Manifest rows of the scans.
        frames: Thumbnails of their frames, `(R, 96, 96)`, uint8, 0-255; black where unusable.
        settings: Thresholds.
        progress: Called with blocks of pairs done and blocks in all.

    Returns:
        Pairs of the scans, by position; and pairs of a position in `training` and one of a scan.
    """
    number = len(training.rows)
    frames = np.concatenate((training.frames, frames))
    found = find_near_duplicates(frames, settings, progress, known=number)
    by_ends = {(pair.first, pair.second): pair for pair in found}
    # Of the same cut pixels, from frames that may be more different.
    for pair in _same_pixels((*training.rows, *rows), number):
        by_ends[pair.first, pair.second] = pair
    pairs = list(by_ends.values())
    inside = [
        replace(pair, first=pair.first - number, second=pair.second - number)
        for pair in pairs
        if pair.first >= number
    ]
    across = [replace(pair, second=pair.second - number) for pair in pairs if pair.first < number]
    return inside, across


def _same_pixels(rows: Sequence[ManifestRow], known: int) -> list[Pair]:
    """Pair scans with the first one of the same cut pixels, but known ones with each other."""
    first: dict[str, int] = {}
    pairs = []
    for position, row in enumerate(rows):
        if row.pixel_md5:
            earlier = first.setdefault(row.pixel_md5, position)
            if earlier < position and position >= known:
                pairs.append(Pair(earlier, position, AS_IS, 1.0, 1.0))
    return pairs
