"""The manifest of a prepared set: a row for every raw file, kept or not, and why."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from brain_tumor.files.table_file import Line, plain_cell, read_table, write_table

KEPT, DUPLICATE, SEEN, UNUSABLE = "kept", "duplicate", "seen", "unusable"


@dataclass(frozen=True)
class ManifestRow:
    """One raw file. A number is None and a text is empty where there is none or it is unknown."""

    row: int | None  # its place in `images.npy`, where it was kept
    path: str  # POSIX, relative to the raw root; a frame's as `source.Scan.name` says
    folder: str  # `Training`, `Validation` or `Testing`, as published
    label: str  # class
    status: str  # `kept`, `duplicate`, `unusable`, or, for scans of other origin, `seen`
    reason: str  # why it was not kept
    duplicate_of: str  # path of the scan it repeats, of the run's scan where it was `seen`
    format: str  # by content (`JPEG`, `PNG`, `DICOM`), whatever the extension, or `array`
    # As PIL names it (`L`, `RGB`, `P`, `I;16`); DICOM's PhotometricInterpretation; kind of numbers.
    mode: str
    width: int | None  # pixels of the raw scan
    height: int | None
    left: int | None  # crop box in pixels of the raw scan, right and bottom left out
    top: int | None
    right: int | None
    bottom: int | None
    bytes: int  # 0 where the file cannot be read
    file_md5: str  # `read.RawScan.digest`
    # Of its grey pixels before the crop, where another scan has its `pixel_md5`: only that one's
    # frame may be the same.
    frame_md5: str
    pixel_md5: str  # of the cropped, resized pixels
    cluster: int | None  # scans of the same slice share it (`near_duplicates`)
    related: int | None  # related scans share it, so all of a cluster do
    slice_id: str  # this and the next three as a patient table or the source names them
    patient: str
    patient_group: str  # patients that may be one person share it; empty where any other may be
    known_label: str
    source: str = ""  # which of several joined sets it is of

    @property
    def person(self) -> str | None:
        """Patients that are one person, as far as is known, share it; None if not known."""
        return self.patient_group or self.patient or None

    @property
    def slice_key(self) -> tuple[str, str] | None:
        """Patient and slice, as slices may be numbered anew for each patient; None if unknown."""
        return (self.patient, self.slice_id) if self.slice_id else None


_COLUMNS = tuple(field.name for field in fields(ManifestRow))
_NUMBERS = (
    *("row", "width", "height", "left", "top", "right", "bottom", "bytes"),
    *("cluster", "related"),
)
_SINCE_0_7 = ("related", "source")


def write_manifest(path: Path, rows: Iterable[ManifestRow]) -> None:
    """Write a manifest as a table (`files.table_file`)."""
    write_table(path, _COLUMNS, map(vars, rows))


def read_manifest(path: Path) -> tuple[ManifestRow, ...]:
    """Read what `write_manifest` wrote.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no manifest: a column is missing, a line is cut short, or a cell that
            should be a whole number is none.
    """
    _, lines = read_table(path, [name for name in _COLUMNS if name not in _SINCE_0_7])
    # Before 0.7 the same slice was all that was known, and sets could not be joined.
    return tuple(_parse({"related": line["cluster"], "source": ""} | line) for line in lines)


def _parse(line: Line) -> ManifestRow:
    values: dict[str, Any] = {name: plain_cell(line[name]) for name in _COLUMNS}
    for name in _NUMBERS:
        values[name] = int(line[name]) if line[name] else None
    return ManifestRow(**values)
