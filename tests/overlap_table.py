"""Reads `seen.csv`, which the package only writes."""

import csv
from pathlib import Path

from brain_tumor.data.external.overlap import OverlappingScan
from brain_tumor.files.table_file import plain_cell


def read_overlap(path: Path) -> list[OverlappingScan]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = [
            {key: plain_cell(cell) for key, cell in row.items()} for row in csv.DictReader(file)
        ]
    return [OverlappingScan(**{**row, "similarity": float(row["similarity"])}) for row in rows]
