"""Tables that scripts keep for the makers of pages: CSV files, compressed or not."""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Line = dict[str, str]  # a row, by column


def write_table(
    path: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None
) -> None:
    """Write rows as CSV with a header, fractions with six decimals, and tell where.

    Args:
        path: Where; with the ending `.gz` it is compressed, the same rows to the same bytes.
        rows: The rows, by column.
        columns: What is kept of each; None keeps what the first row has.
    """
    listed = list(rows)
    text = io.StringIO()
    names = list(listed[0]) if columns is None else columns
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in listed)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    print(f"written: {path}", flush=True)


def read_table(path: Path) -> list[Line]:
    """Read what `write_table` has written, every cell as text."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _cell(value: Any) -> Any:
    return f"{value:.6f}" if isinstance(value, float) else value
