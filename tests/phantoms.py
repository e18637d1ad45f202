"""Phantoms for tests: single ones, and all that is known of a folder of them."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from brain_tumor.data.phantom import write_phantoms
from brain_tumor.data.phantom.anatomy import draw_anatomy
from brain_tumor.data.phantom.image import DRAWN_SIZE, PhantomImage, draw_slice
from brain_tumor.data.phantom.plan import PhantomScan


@dataclass(frozen=True)
class PhantomTruth:
    """Everything known about a phantom folder: one entry per file, sorted by path."""

    scans: tuple[PhantomScan, ...]


def draw_phantom(
    label: str, view: str, rng: np.random.Generator, size: int = DRAWN_SIZE
) -> PhantomImage:
    """Draw one fake scan, `(size, size)`, of a patient of its own."""
    return draw_slice(draw_anatomy(label, rng), view, rng, size)


def written_phantoms(root: Path, **numbers: Any) -> PhantomTruth:
    """Write a folder of phantoms, and tell what it holds."""
    write_phantoms(root, **numbers)
    return read_truth(root)


def read_truth(root: Path) -> PhantomTruth:
    """Read what a phantom folder holds from the table in it."""
    with (root / "phantoms.csv").open(newline="", encoding="utf-8") as file:
        return PhantomTruth(tuple(_parse_row(row) for row in csv.DictReader(file)))


def _parse_row(row: dict[str, str]) -> PhantomScan:
    values: dict[str, Any] = dict(row)
    values |= {"mirrored": row["mirrored"] == "True", "duplicate_of": row["duplicate_of"] or None}
    values |= {name: int(row[name]) for name in ("width", "height")}
    masses = ("mass_x", "mass_y", "mass_radius")
    values |= {name: float(row[name]) if row[name] else None for name in masses}
    return PhantomScan(**values)
