"""The manifest of a prepared set: a row for every raw file, kept or not, and why."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from brain_tumor.files.table_file import Line, plain_cell, read_table, spreadsheet_cell

KEPT, DUPLICATE, SEEN, UNUSABLE = "kept", "duplicate", "seen", "unusable"


@dataclass(frozen=True)
class ManifestRow:
    """One raw file.

    Attributes:
        row: Its place in `images.npy`; None where it was not kept.
        path: POSIX path relative to the raw root, `#2` behind it for the second frame of a file
            with several (`source.Scan.name`).
        folder: `Training`, `Validation` or `Testing`, as published; empty where a set has no parts.
        label: Class, by its folder name.
        status: `kept`, `duplicate`, `unusable`, or, for scans of other origin, `seen`.
        reason: Why it was not kept; empty where it was.
        duplicate_of: Path of the scan it repeats, of the run's scan where it was `seen`; empty
            where it repeats none.
        format: File format by content (`JPEG`, `PNG`, `DICOM`), whatever the extension, or `array`;
            empty if unknown.
        mode: Pixel mode as PIL names it (`L`, `RGB`, `RGBA`, `P`, `I;16`); DICOM's
            PhotometricInterpretation; kind of an array's numbers.
        width: Pixels of the raw scan; None where it could not be read. So is `height`.
        height: See `width`.
        left: Crop box in pixels of the raw scan, right and bottom left out; None where there is
            none. So are `top`, `right` and `bottom`.
        top: See `left`.
        right: See `left`.
        bottom: See `left`.
        bytes: Size of the file; 0 where it cannot be read.
        file_md5: MD5 of the file's bytes (`read.RawScan.digest`); empty where it cannot be read.
        frame_md5: MD5 of its grey pixels, before the crop, where another scan has its
            `pixel_md5`: only that one's frame may be the same. Empty elsewhere.
        pixel_md5: MD5 of the cropped, resized pixels; empty where there are none.
        cluster: Scans of the same slice share it (`near_duplicates`); None where there are no
            pixels.
        related: Related scans share it, so all of a cluster do; likewise.
        slice_id: Slice that a patient table names; empty if not known. So are the next three.
        patient: Patient that it names.
        patient_group: Patients that may be one person share it; empty where any other may be.
        known_label: Class that it names.
        source: Which of several joined sets it is of; empty where there is one.
    """

    row: int | None
    path: str
    folder: str
    label: str
    status: str
    reason: str
    duplicate_of: str
    format: str
    mode: str
    width: int | None
    height: int | None
    left: int | None
    top: int | None
    right: int | None
    bottom: int | None
    bytes: int
    file_md5: str
    frame_md5: str
    pixel_md5: str
    cluster: int | None
    related: int | None
    slice_id: str
    patient: str
    patient_group: str
    known_label: str
    source: str = ""

    @property
    def person(self) -> str | None:
        """Patients that are one person, as far as is known, share it; None if not known."""
        return self.patient_group or self.patient or None

    @property
    def slice_key(self) -> tuple[str, str] | None:
        """Patient and slice, as slices may be numbered anew for each patient; None if unknown."""
        return (self.patient, self.slice_id) if self.slice_id else None


_COLUMNS = tuple(field.name for field in fields(ManifestRow))
_NUMBERS = ("row", "width", "height", "left", "top", "right", "bottom", "bytes")
_CLUSTERS = ("cluster", "related")
_SINCE_0_7 = ("related", "source")


def write_manifest(path: Path, rows: Iterable[ManifestRow]) -> None:
    """Write a manifest as CSV with a header; None becomes an empty cell."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow({name: spreadsheet_cell(cell) for name, cell in vars(row).items()})


def read_manifest(path: Path) -> tuple[ManifestRow, ...]:
    """Read what `write_manifest` wrote.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no manifest: a column is missing, a line is cut short, or a cell that
            should be a whole number is none.
    """
    columns, lines = read_table(path, [name for name in _COLUMNS if name not in _SINCE_0_7])
    if "related" not in columns:  # before 0.7 the same slice was all that was known
        lines = [line | {"related": line["cluster"]} for line in lines]
    if "source" not in columns:  # as in prepared sets that were made before sets could be joined
        lines = [line | {"source": ""} for line in lines]
    return tuple(_parse(line) for line in lines)


def _parse(line: Line) -> ManifestRow:
    values: dict[str, Any] = {name: plain_cell(line[name]) for name in _COLUMNS}
    for name in (*_NUMBERS, *_CLUSTERS):
        values[name] = int(line[name]) if line[name] else None
    return ManifestRow(**values)
