"""A split as a file: which scan is in which part, and the check that nothing leaks between them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from brain_tumor.data.split import PARTS, TEST, TRAIN, Rows, Split
from brain_tumor.errors import DataError
from brain_tumor.files.table_file import plain_cell, read_named_table


def read_split(path: Path, rows: Mapping[str, int | None]) -> Split:
    """Read a CSV file in UTF-8 with the columns `path` and `part` (train, validation, test).

    Scans that it does not name are in no part.

    Args:
        path: The file; a run's `split.csv` is one.
        rows: Row in the prepared set of every raw file, by path relative to the raw root; None for
            a file that was dropped, which is left out here too.

    Raises:
        DataError: The file cannot be read, lacks a column, names an unknown scan or part, names a
            scan twice, or leaves the training or the test part empty.
    """
    remedy = "give a CSV file with the columns path and part"
    columns, lines = read_named_table(path, "split", remedy)
    if not lines or not {"path", "part"} <= set(columns):
        found = ", ".join(columns) if lines else "no line below its header"
        raise DataError(
            f"The split {path} has {found}: it needs the columns path (relative to the raw folder) "
            "and part (train, validation or test), parted by commas, and a line per scan."
        )
    parts: dict[str, list[int]] = {part: [] for part in PARTS}
    known: set[str] = set()
    for number, line in enumerate(lines, 2):
        name, part = plain_cell(line["path"]), line["part"]
        if part not in parts:
            raise DataError(
                f"{path}, line {number}: {part!r} is no part, choose one of {', '.join(PARTS)}."
            )
        if name not in rows:
            raise DataError(
                f"{path}, line {number}: there is no scan {name}; give paths relative to the raw "
                "folder, such as Training/glioma/name.jpg."
            )
        if name in known:
            raise DataError(f"{path}, line {number}: {name} is named twice; keep one line.")
        known.add(name)
        row = rows[name]
        if row is not None:
            parts[part].append(row)
    for part in (TRAIN, TEST):
        if not parts[part]:
            raise DataError(f"The split {path} has no usable scan in part {part}: add some.")
    return Split(*(np.array(sorted(parts[part]), np.int64) for part in PARTS))


def check_straddling(split: Split, groups: Rows, paths: Sequence[str], name: str) -> None:
    """Make sure that no group stands in two parts; groups and paths are of all kept scans.

    Raises:
        DataError: One does; two scans of some such groups are named.
    """
    first: dict[int, tuple[str, int]] = {}
    offending: dict[int, str] = {}
    for part, rows in split.parts.items():
        for row, group in zip(rows.tolist(), groups[rows].tolist(), strict=True):
            seen_in, known = first.setdefault(group, (part, row))
            if seen_in != part and group not in offending:
                offending[group] = f"{paths[known]} ({seen_in}) and {paths[row]} ({part})"
    if offending:
        named = "; ".join(list(offending.values())[:3])
        raise DataError(
            f"The split {name} puts scans of one patient, or related ones, on two sides, in "
            f"{len(offending):,} groups: {named}. Move each group to one side, or give "
            "split.leaky=true if the leakage is what you want to show."
        )
