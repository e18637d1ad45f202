"""`metrics.csv`: a row for every epoch."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from brain_tumor.files.bounded_file import read_file
from brain_tumor.runs.atomic_file import written_whole

History = dict[str, list[float | None]]  # a value per epoch; None where a part was not scored


def read_history(path: Path) -> History:
    """Read the columns of `metrics.csv`, none without a file; ValueError for a cell of text."""
    rows = _read_rows(path)
    return {
        name: [float(row[name]) if row[name] else None for row in rows]
        for name in (rows[0] if rows else ())
    }


def trim_history(path: Path, epochs: int) -> None:
    """Leave the rows of the first epochs alone, as many as are named."""
    if path.exists():
        _write_rows(path, [row for row in _read_rows(path) if int(row["epoch"]) <= epochs])


def append_row(path: Path, row: Mapping[str, float]) -> None:
    """Append a row to a CSV file, which gets a column for every name that is new in it."""
    _write_rows(path, [*_read_rows(path), row])


def _read_rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    return list(csv.DictReader(io.StringIO(read_file(path).decode(), newline="")))


def _write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    columns = ["epoch", "seconds", *sorted({n for r in rows for n in r} - {"epoch", "seconds"})]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    with written_whole(path) as file:
        file.write(text.getvalue().encode())
