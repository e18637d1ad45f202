"""Blocks that several sections of the audit's page use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brain_tumor.audit.results.scans import ScanGroup
from brain_tumor.rendering.numbers import format_count
from brain_tumor.rendering.page import DataTable, Picture

MAX_ROWS = 12  # of a table that names scans; audit.json names more


@dataclass(frozen=True)
class Sheets:
    """The contact sheets of an audit.

    Attributes:
        pngs: PNG files by name.
        folder: Folder of the same sheets as `<name>.png`, relative to the page; None where they
            are in no folder.
    """

    pngs: Mapping[str, bytes]
    folder: str | None

    def pictures(self, name: str, title: str, count: int, max_shown: int) -> list[Picture]:
        """Give a sheet as a picture, in a list that is empty if there is no such sheet."""
        if name not in self.pngs:
            return []
        file = None if self.folder is None else f"{self.folder}/{name}.png"
        caption = (
            f"{title}: the first {max_shown} of {format_count(count)}."
            if count > max_shown
            else f"{title}."
        )
        return [Picture(self.pngs[name], f"Contact sheet. {caption}", caption, file)]


def scans_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], count: int, text_columns: int
) -> DataTable:
    """Lay out the first of many scans or groups of scans, a row each."""
    first = rows[:MAX_ROWS]
    note = "" if len(first) == count else f"The first {len(first)} of {format_count(count)}."
    if len(rows) > len(first):
        note += f" audit.json names {'all' if len(rows) == count else format_count(len(rows))}."
    return DataTable(title, columns, first, note, text_columns)


def groups_table(title: str, groups: Sequence[ScanGroup], count: int) -> DataTable:
    """Lay out groups of equal scans that stand under several labels."""
    rows = [[", ".join(dict.fromkeys(group.labels)), ", ".join(group.paths)] for group in groups]
    return scans_table(title, ["labels", "scans"], rows, count, text_columns=2)
