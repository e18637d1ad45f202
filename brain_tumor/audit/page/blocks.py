"""Blocks that several sections of the audit's page use."""

from collections.abc import Mapping, Sequence

from brain_tumor.rendering.charts.contact_sheet import MAX_GROUPS
from brain_tumor.rendering.numbers import format_count
from brain_tumor.rendering.page import Block, DataTable, Notice, Picture

MAX_ROWS = 12  # of a table that names scans; audit.json names more
SHEETS = "sheets"  # folder of the contact sheets, beside the page

Sheets = Mapping[str, bytes]  # contact sheets as PNG files, by name


def pictures(sheets: Sheets, name: str, title: str, count: int, max_shown: int) -> list[Picture]:
    """Give a sheet as a picture, in a list that is empty if there is no such sheet."""
    if name not in sheets:
        return []
    rest = f": the first {max_shown} of {format_count(count)}" if count > max_shown else ""
    caption, file = f"{title}{rest}.", f"{SHEETS}/{name}.png"
    return [Picture(sheets[name], f"Contact sheet. {caption}", caption, file)]


def scans_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], count: int, text_columns: int
) -> DataTable:
    """Lay out the first of many scans or groups of scans, a row each."""
    first = rows[:MAX_ROWS]
    note = "" if len(first) == count else f"The first {len(first)} of {format_count(count)}."
    if len(rows) > len(first):
        note += f" audit.json names {'all' if len(rows) == count else format_count(len(rows))}."
    return DataTable(title, columns, first, note, text_columns)


def pairs_blocks(
    sheets: Sheets,
    name: str,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    count: int,
) -> list[Block]:
    """Name and show pairs of scans, which ought not to be; say so where there are none."""
    if not count:
        return [Notice("good", f"{title}: none.")]
    table = scans_table(title, columns, rows, count, text_columns=min(3, len(columns)))
    return [table, *pictures(sheets, name, title, count, MAX_GROUPS)]
