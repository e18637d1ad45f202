"""Read a table from a CSV file that may be damaged, or be no table at all."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from brain_tumor.errors import DataError
from brain_tumor.files.bounded_file import read_file

Line = dict[str, str]
T = TypeVar("T")

# What a spreadsheet takes for a formula, or drops; a name of a file or a class may begin so.
_FORMULA = re.compile(r"'*[=+\-@\x00-\x1f\x7f-\x9f]")


def spreadsheet_cell(value: T) -> T | str:
    """Give what to write for a value, so that no spreadsheet takes a text for a formula.

    Example:
        >>> spreadsheet_cell("=1+1"), spreadsheet_cell("-1.5"), spreadsheet_cell(-1)
        ("'=1+1", '-1.5', -1)
    """
    if not isinstance(value, str) or not _FORMULA.match(value):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def plain_cell(cell: T) -> T | str:
    """Give the value that `spreadsheet_cell` made a cell of."""
    if isinstance(cell, str) and cell.startswith("'") and _FORMULA.match(cell):
        return cell[1:]
    return cell


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a CSV file in UTF-8 with a header; None becomes an empty cell, no text a formula."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for row in rows:
            writer.writerow({name: spreadsheet_cell(cell) for name, cell in row.items()})


def read_named_table(
    path: Path, called: str, remedy: str, needed: Collection[str] = (), remarks: bool = False
) -> tuple[list[str], list[Line]]:
    """Read a table that a user named; a `DataError` calls it so, and ends with the remedy."""
    try:
        return read_table(path, needed, remarks)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"The {called} {path} cannot be read ({reason}): {remedy}.") from error


def read_table(
    path: Path, needed: Collection[str] = (), remarks: bool = False
) -> tuple[list[str], list[Line]]:
    """Read a CSV file in UTF-8, with a header and as many cells in every line.

    Args:
        path: The file. A byte order mark, as spreadsheets write it, is left out, and so are spaces
            around the name of a column, and after each comma if the header has them.
        needed: Columns that have to be there; others may be.
        remarks: Whether lines that begin with # are left out.

    Returns:
        The columns, and the cells of each line by column.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no such table; the message says why, in a few words.
    """
    try:
        text = read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8: {error.reason} at byte {error.start:,}") from error
    if "\0" in text:
        raise ValueError("it holds a NUL character: it is no text, or not UTF-8")
    lines = io.StringIO(text, newline="")
    rows = [line for line in lines if not (remarks and line.startswith("#"))]
    # Who writes "path, label" writes a space after each comma below, too.
    spaced = ", " in next(iter(rows), "")
    reader = csv.DictReader(rows, skipinitialspace=spaced)
    try:
        columns = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        named = [name for name in columns if name]  # spreadsheets add columns without a name
        if len(set(named)) < len(named):
            raise ValueError("it names a column twice")
        missing = [name for name in needed if name not in columns]
        if missing and len(columns) == 1 and ";" in columns[0]:
            raise ValueError("its cells stand between semicolons: save it with commas")
        if missing:
            raise ValueError(f"it lacks the columns {', '.join(missing)}")
        table = []
        for line in reader:
            if None in line or None in line.values():
                raise ValueError(
                    f"line {reader.line_num} has other than the {len(columns)} cells of the header"
                )
            table.append(line)
    except csv.Error as error:
        raise ValueError(f"line {reader.reader.line_num}: {error}") from error
    return columns, table
