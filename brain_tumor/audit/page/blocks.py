"""Blocks that several sections of the audit's page are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brain_tumor.rendering.numbers import format_count
from brain_tumor.rendering.page import DataTable, Picture

Audit = Mapping[str, Any]

MAX_ROWS = 12  # of a table that names scans; audit.json names more


@dataclass(frozen=True)
class Sheets:
    """The contact sheets of an audit.

    Attributes:
        pngs: PNG files by name.
        folder: Folder of the same sheets as `<name>.png`, relative to the page; None if nowhere.
    """

    pngs: Mapping[str, bytes]
    folder: str | None

    def pictures(self, name: str, what: str, count: int, most: int) -> list[Picture]:
        """Give the sheet of that name as a picture, in a list that is empty if there is none.

        Args:
            name: Its name.
            what: What it shows, a noun phrase.
            count: How many scans or groups there are of that.
            most: How many of them a sheet shows.
        """
        if name not in self.pngs:
            return []
        file = None if self.folder is None else f"{self.folder}/{name}.png"
        caption = (
            f"{what}: the first {most} of {format_count(count)}." if count > most else f"{what}."
        )
        return [Picture(self.pngs[name], f"Contact sheet. {caption}", caption, file)]


def scans_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    count: int,
    text_columns: int,
) -> DataTable:
    """Lay out the first of many scans or groups of scans, a row each.

    Args:
        title: What they are.
        columns: Names of the columns.
        rows: Those that the audit names.
        count: How many there are.
        text_columns: Leading columns that hold words.
    """
    shown = rows[:MAX_ROWS]
    note = "" if len(shown) == count else f"The first {len(shown)} of {format_count(count)}."
    if len(rows) > len(shown):
        note += f" audit.json names {'all' if len(rows) == count else format_count(len(rows))}."
    return DataTable(title, columns, shown, note, text_columns)


def groups_table(title: str, groups: Sequence[Mapping[str, Any]], count: int) -> DataTable:
    """Lay out groups of scans that are the same under several labels.

    Args:
        title: What they are.
        groups: `paths` and `labels` of each.
        count: How many groups there are.
    """
    rows = [
        [", ".join(dict.fromkeys(group["labels"])), ", ".join(group["paths"])] for group in groups
    ]
    return scans_table(title, ["labels", "scans"], rows, count, text_columns=2)
