"""Reads `seen.csv`, which the package only writes."""

import csv
from pathlib import Path

from brain_tumor.data.external.overlap import OverlappingScan


def read_overlap(path: Path) -> list[OverlappingScan]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            OverlappingScan(**{**row, "similarity": float(row["similarity"])})
            for row in csv.DictReader(file)
        ]
