"""Which scans of other origin a run has seen: those that repeat what it has learnt from."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from brain_tumor.data.external.training_scans import TrainingScans
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.prepared.manifest import UNUSABLE, ManifestRow
from brain_tumor.data.prepared.prepared_set import group_rows
from brain_tumor.data.split import TRAIN, VALIDATION
from brain_tumor.files.table_file import spreadsheet_cell

_ADJECTIVES = {TRAIN: "training", VALIDATION: "validation"}


@dataclass(frozen=True)
class OverlappingScan:
    """A scan of other origin that shows what a scan of the run shows.

    Attributes:
        path: The scan, relative to its root.
        training_scan: The run's scan, relative to the run's root; the one that was kept.
        part: Its part, `train` or `validation`.
        orientation: What turns the scan into the run's, a key of `ORIENTATIONS`.
        similarity: Of their heads in that orientation, -1 to 1.
        through: Empty, or the scan that orientation and similarity are of, where this one is
            only in one group with it: of its patient, or joined to it by related scans.
    """

    path: str
    training_scan: str
    part: str
    orientation: str
    similarity: float
    through: str

    @property
    def reason(self) -> str:
        """Say in a few words why the scan counts as seen."""
        alike = f"related to the {_ADJECTIVES[self.part]} scan {self.training_scan}"
        relation = f"{alike} ({self.orientation}, similarity {self.similarity:.3f})"
        return f"in one group with {self.through}, {relation}" if self.through else relation


def find_overlap(
    training: TrainingScans, rows: Sequence[ManifestRow], across: Sequence[Pair]
) -> dict[int, OverlappingScan]:
    """Find the scans that no part of a run may be scored by.

    Those are related to what it has learnt from and, as in `PreparedSet.groups`, what is in
    one group with one of them.

    Args:
        training: What it has learnt from.
        rows: Manifest rows of the scans, their clusters numbered.
        across: Pairs of a position in `training` and one in `rows`.

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


_COLUMNS = tuple(field.name for field in fields(OverlappingScan))


def write_overlap(path: Path, overlap: Sequence[OverlappingScan]) -> None:
    """Write what a run has seen as CSV with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        for scan in overlap:
            row = asdict(scan) | {"similarity": f"{scan.similarity:.4f}"}
            writer.writerow({name: spreadsheet_cell(cell) for name, cell in row.items()})
