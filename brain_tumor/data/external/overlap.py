"""Which scans of other origin a run has seen: those that look like what it has learnt from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from brain_tumor.data.groups.near_duplicates import find_near_duplicates
from brain_tumor.data.groups.orientations import AS_IS
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.prepared.manifest import UNUSABLE, ManifestRow
from brain_tumor.data.prepared.prepared_set import PreparedSet, group_rows
from brain_tumor.data.split import TRAIN, VALIDATION, Split
from brain_tumor.files.scans import Grey
from brain_tumor.files.table_file import write_table

_ADJECTIVES = {TRAIN: "training", VALIDATION: "validation"}


@dataclass(frozen=True)
class TrainingScans:
    """The scans that a run was fitted or selected by, K in all."""

    rows: tuple[ManifestRow, ...]  # compared: kept scans, and dropped copies of other frames
    frames: Grey  # thumbnails of these, `(K, 96, 96)`, uint8, 0-255
    kept: tuple[str, ...]  # path of the kept scan that each shows
    parts: tuple[str, ...]  # part of that, `train` or `validation`


@dataclass(frozen=True)
class OverlappingScan:
    """A scan of other origin that shows what a scan of the run shows."""

    path: str  # relative to its root
    training_scan: str  # the run's scan that was kept, relative to the run's root
    part: str  # of that, `train` or `validation`
    orientation: str  # what turns the scan into the run's, a key of `ORIENTATIONS`
    similarity: float  # of their heads in that orientation, -1 to 1
    # Empty, or the scan that orientation and similarity are of, where this one is only in one group
    # with it: of its patient, or joined to it by related scans.
    through: str

    @property
    def reason(self) -> str:
        """Say in a few words why the scan counts as seen."""
        alike = f"related to the {_ADJECTIVES[self.part]} scan {self.training_scan}"
        relation = f"{alike} ({self.orientation}, similarity {self.similarity:.3f})"
        return f"in one group with {self.through}, {relation}" if self.through else relation


def training_scans(run: PreparedSet, split: Split) -> TrainingScans:
    """Gather what a run has learnt from: neither test scans nor scans that are in no part."""
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

    `rows` and `frames`, thumbnails `(R, 96, 96)`, are of these scans.

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


def find_overlap(
    training: TrainingScans, rows: Sequence[ManifestRow], across: Sequence[Pair]
) -> dict[int, OverlappingScan]:
    """Find the scans that no part of a run may be scored by.

    Those are related to what it has learnt from and, as in `PreparedSet.groups`, what is in
    one group with one of them: clusters have to be numbered. `across` pairs a position in
    `training` with one in `rows`.

    Returns:
        The evidence for each by its position in `rows`, in ascending order; the pair of the
        highest similarity where there are several.
    """
    best: dict[int, Pair] = {}
    for pair in sorted(across, key=lambda pair: -pair.similarity):
        best.setdefault(pair.second, pair)
    usable = [position for position, row in enumerate(rows) if row.status != UNUSABLE]
    groups = group_rows([rows[position] for position in usable]).tolist()
    group_of = dict(zip(usable, groups, strict=True))
    # In order of similarity, so that a group's first is its best.
    sources: dict[int, int] = {}
    for position in best:
        sources.setdefault(group_of[position], position)
    overlap: dict[int, OverlappingScan] = {}
    for position in usable:
        source = position if position in best else sources.get(group_of[position])
        if source is not None:
            pair = best[source]
            overlap[position] = OverlappingScan(
                path=rows[position].path,
                training_scan=training.kept[pair.first],
                part=training.parts[pair.first],
                orientation=pair.orientation,
                similarity=pair.similarity,
                through="" if source == position else rows[source].path,
            )
    return overlap


def write_overlap(path: Path, overlap: Sequence[OverlappingScan]) -> None:
    """Write what a run has seen as a table (`files.table_file`)."""
    rows = (vars(scan) | {"similarity": f"{scan.similarity:.4f}"} for scan in overlap)
    write_table(path, [field.name for field in fields(OverlappingScan)], rows)


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
