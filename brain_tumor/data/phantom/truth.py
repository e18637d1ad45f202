"""What a phantom folder holds, file by file, and the table that says so."""

import csv
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from brain_tumor.errors import DataError

TABLE = "phantoms.csv"


@dataclass(frozen=True)
class PhantomScan:
    """One file of a phantom folder. Sizes and places are in its pixels."""

    path: str  # POSIX, relative to the folder
    folder: str  # `Training` or `Testing`
    label: str  # one of `CLASSES`
    view: str  # one of `VIEWS`
    patient: str  # for instance `P0007`; each has one label
    slice_id: str  # for instance `S00031`; copies of a drawn slice share it
    mirrored: bool  # flipped left to right
    duplicate_of: str | None  # path of the scan that this file repeats exactly
    width: int
    height: int
    kind: str  # how it is encoded and named, for instance `jpeg-rgb` or `png-rgb-named-jpg`
    mass_x: float | None = None  # column of the centre of the mass; None without a mass
    mass_y: float | None = None  # row of that centre
    mass_radius: float | None = None


@dataclass(frozen=True)
class PhantomTruth:
    """Everything known about a phantom folder: one entry per file, sorted by path."""

    scans: tuple[PhantomScan, ...]


def read_truth(root: Path) -> PhantomTruth:
    """Read what a phantom folder holds from the table that `write_phantoms` left in it.

    Raises:
        DataError: There is no such table, or it cannot be read, or it is damaged.
    """
    table = root / TABLE
    try:
        with table.open(newline="", encoding="utf-8") as file:
            return PhantomTruth(tuple(_parse_row(row) for row in csv.DictReader(file)))
    except FileNotFoundError:
        raise DataError(f"{root} is no phantom folder: it has no {TABLE}.") from None
    except OSError as error:
        raise DataError(
            f"{table} cannot be read ({error.strerror or error}): fix its permissions."
        ) from error
    except (KeyError, TypeError, ValueError, csv.Error):
        raise DataError(f"{table} is damaged: delete {root} to have it written anew.") from None


def write_truth(root: Path, truth: PhantomTruth) -> None:
    """Write the table of a phantom folder; an empty cell means none."""
    with (root / TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(PhantomScan)])
        writer.writeheader()
        writer.writerows(asdict(scan) for scan in truth.scans)


def _parse_row(row: dict[str, str]) -> PhantomScan:
    values: dict[str, Any] = dict(row)
    values |= {"mirrored": row["mirrored"] == "True", "duplicate_of": row["duplicate_of"] or None}
    values |= {name: int(row[name]) for name in ("width", "height")}
    masses = ("mass_x", "mass_y", "mass_radius")
    values |= {name: float(row[name]) if row[name] else None for name in masses}
    return PhantomScan(**values)
