"""Pairs of near-duplicates, and the table that keeps them: the evidence behind every cluster."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.data.table_file import read_table

COLUMNS = ("first", "second", "view", "orientation", "correlation")


@dataclass(frozen=True)
class Pair:
    """Two near-duplicates.

    Attributes:
        first: Position of the one.
        second: Position of the other, larger than `first`.
        view: The view that shows it, `frame` or `head`.
        orientation: What turns the second into the first, a key of `ORIENTATIONS`.
        correlation: Normalised correlation of the view in that orientation, -1 to 1.
    """

    first: int
    second: int
    view: str
    orientation: str
    correlation: float


def write_pairs(path: Path, pairs: Iterable[Pair], names: Sequence[str]) -> None:
    """Write pairs as CSV with a header; positions become names."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for pair in pairs:
            ends = (names[pair.first], names[pair.second])
            writer.writerow([*ends, pair.view, pair.orientation, f"{pair.correlation:.5f}"])


def read_pairs(path: Path, names: Sequence[str]) -> list[Pair]:
    """Read what `write_pairs` wrote.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no such table: a column is missing, or a correlation is no number.
        KeyError: A name is unknown.
    """
    positions = {name: position for position, name in enumerate(names)}
    return [
        Pair(
            positions[line["first"]],
            positions[line["second"]],
            line["view"],
            line["orientation"],
            float(line["correlation"]),
        )
        for line in read_table(path, COLUMNS)[1]
    ]
