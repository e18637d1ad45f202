"""A CSV file that lists scans, with what is known of each."""

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from brain_tumor.data.sources.names import Names, check_names
from brain_tumor.errors import DataError
from brain_tumor.files.read import scans_in
from brain_tumor.files.source import Scan, ScanSource, published_part
from brain_tumor.files.table_file import Line, read_named_table

NEEDED, OPTIONAL = ("path", "label"), ("patient", "part", "slice")


class TableSource(ScanSource):
    """Scans that a CSV file in UTF-8 lists, a line for each file.

    Columns are `path` and `label`, and, where known, `patient`, `part` (train, validation, test, in
    any case) and `slice`; others are left alone. Lines that begin with # are remarks. Paths are
    relative to the root, or to the table's own folder; where all are absolute and none is below
    that, to the folder that holds all. `classes` are those that there may be, in the order of
    their numbers; else the labels name them, sorted.

    Raises:
        ConfigError: `names` names a label or class that is not there.
        DataError: The table cannot be read, lacks a column, or names a scan twice, none that
            exists, or one without a label.
    """

    def __init__(
        self,
        table: Path,
        root: Path | None = None,
        names: Names | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        self.table = table
        self._names: Names = names or {}
        self._classes = None if classes is None else tuple(classes)
        self.root = self._folder() if root is None else root

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes: as given, else of the labels, sorted."""
        if self._classes is not None:
            return self._classes
        return tuple(sorted({label for _, label in self._lines}))

    def scans(self) -> list[Scan]:
        """List the scans, and every frame or page of a file of several, in the table's order."""
        files = [
            Scan(
                path=self._below(line["path"]),
                label=label,
                part=line.get("part", ""),
                patient=line.get("patient", "").strip(),
                slice_id=line.get("slice", "").strip(),
            )
            for line, label in self._lines
        ]
        if not any((self.root / scan.path).exists() for scan in files):
            raise DataError(
                f"{self.table} names {len(files):,} scans, the first {files[0].path}, but there is "
                f"none in {self.root}: give the folder that its paths are relative to as "
                "data.root=FOLDER."
            )
        return scans_in(self.root, files)

    def _folder(self) -> Path:
        """Give the folder that paths are relative to, where none is given."""
        places = [Path(line["path"]) for line, _ in self._lines]
        own = self.table.parent.absolute()
        if all(place.is_absolute() and not place.is_relative_to(own) for place in places):
            with suppress(ValueError):  # on two drives
                return Path(os.path.commonpath([place.parent for place in places]))
        return self.table.parent

    def _below(self, path: str) -> str:
        """Give a path relative to the root, also where the table has it whole."""
        place = Path(path)
        root = self.root.absolute()
        inside = place.is_absolute() and place.is_relative_to(root)
        return place.relative_to(root).as_posix() if inside else path

    @cached_property
    def _lines(self) -> list[tuple[Line, str]]:
        """The lines that are not left out, and the class of each."""
        remedy = (
            f"give a CSV file with the columns {', '.join(NEEDED)}, and if known "
            f"{', '.join(OPTIONAL)}, as data.table=FILE"
        )
        lines = read_named_table(self.table, "table", remedy, NEEDED, remarks=True)[1]
        known: set[str] = set()
        for number, line in enumerate(lines, 1):
            place = f"{self.table}, scan {number}"
            if not line["path"] or not line["label"]:
                lacking = "path" if not line["path"] else "label"
                raise DataError(f"{place} has no {lacking}: fill it in, or delete the line.")
            part = line.get("part", "")
            if part and published_part(part) is None:
                raise DataError(
                    f"{place}: {line['path']} is published in the part {part!r}: give train, "
                    "validation or test, or nothing."
                )
            if line["path"] in known:
                raise DataError(f"{place}: {line['path']} is named twice; keep one line.")
            known.add(line["path"])
        if not lines:
            raise DataError(f"The table {self.table} names no scan: add a line for each.")
        there = sorted({line["label"] for line in lines})
        check_names(self._names, there, self._classes, str(self.table), "label")
        classes = [self._names.get(line["label"], line["label"]) for line in lines]
        named = zip(lines, classes, strict=True)
        kept = [(line, label) for line, label in named if label is not None]
        if not kept:
            raise DataError(
                f"data.names leaves out every label of {self.table} ({', '.join(there)}): give one "
                "of them a class."
            )
        return kept
