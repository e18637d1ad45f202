"""Pairs of related scans, and the table that keeps them: the evidence behind every group."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.files.table_file import plain_cell, read_table, spreadsheet_cell

COLUMNS = ("first", "second", "orientation", "similarity", "frame_correlation")


@dataclass(frozen=True)
class Pair:
    """Two related scans, by their positions."""

    first: int
    second: int  # larger than `first`
    orientation: str  # what turns the second into the first, a key of `ORIENTATIONS`
    similarity: float  # of their heads in it (`registration.similarities`), -1 to 1
    frame_correlation: float  # normalised, of their whole frames in it, -1 to 1


def write_pairs(path: Path, pairs: Iterable[Pair], names: Sequence[str]) -> None:
    """Write pairs as CSV with a header; positions become names."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for pair in pairs:
            ends = map(spreadsheet_cell, (names[pair.first], names[pair.second]))
            values = (f"{value:.4f}" for value in (pair.similarity, pair.frame_correlation))
            writer.writerow([*ends, pair.orientation, *values])


def read_pairs(path: Path, names: Sequence[str]) -> list[Pair]:
    """Read what `write_pairs` wrote.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no such table: a column is missing, or a cell holds no number.
        KeyError: A name is unknown.
    """
    positions = {name: position for position, name in enumerate(names)}
    return [
        Pair(
            positions[plain_cell(line["first"])],
            positions[plain_cell(line["second"])],
            line["orientation"],
            float(line["similarity"]),
            float(line["frame_correlation"]),
        )
        for line in read_table(path, COLUMNS)[1]
    ]
