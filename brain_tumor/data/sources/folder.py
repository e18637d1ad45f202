"""A folder per class: flat, or below folders of the published parts."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from brain_tumor.data.sources.names import Names, check_names
from brain_tumor.errors import DataError
from brain_tumor.files.folders import check_folder, files_below, subfolders
from brain_tumor.files.read import scans_in
from brain_tumor.files.source import PARTS, Scan, ScanSource, published_part

LAYOUT = "a folder that holds one folder per class, or Training and Testing that hold these"


class FolderSource(ScanSource):
    """Scans in one folder per class, at any depth below it.

    The class folders lie in `root`, or in folders that `published_part` knows, such as `Training`
    or `val`. Where all of this lies in the only folder of `root`, beside what `names` leaves out,
    that one is taken for `root`. `classes` are those that there may be, in the order of their
    numbers; else the folders name them.

    Raises:
        ConfigError: `names` names a folder or class that is not there.
        DataError: The folder is not as expected, or a folder of it is no class.
    """

    def __init__(
        self, root: Path, names: Names | None = None, classes: Sequence[str] | None = None
    ) -> None:
        self._names: Mapping[str, str | None] = names or {}
        self._classes = None if classes is None else tuple(classes)
        wanted = LAYOUT if classes is None else f"{LAYOUT} ({', '.join(classes)})"
        self._remedy = f"give {wanted}, as data.root=FOLDER"
        if root.suffix.lower() == ".csv" and root.is_file():
            raise DataError(
                f"{root} is a table: give it as data.table={root}; prepare and train need "
                "data=csv, too."
            )
        check_folder(root, f"{self._remedy}, or use data=phantom to try the program without scans")
        self.root = self._inner(root)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes: as given, else of the folders, sorted."""
        if self._classes is not None:
            return self._classes
        found = tuple(sorted({label for _, _, label in self._places}))
        if len(found) < 2:
            raise DataError(
                f"{self.root} holds scans of {', '.join(found) or 'no class'} alone, and telling "
                f"classes apart takes two or more: {self._remedy}."
            )
        return found

    def scans(self) -> list[Scan]:
        """List every file of every class folder, and every frame or page of one with several.

        Training comes first, then Validation, Testing, and what is in neither, each by folder and
        path. Hidden files are left out; any other file counts, whatever its extension.
        """
        files = [
            Scan(path.relative_to(self.root).as_posix(), label, part)
            for part, place, label in self._places
            for path in sorted(files_below(place))
        ]
        if not files:
            raise DataError(
                f"{self.root} has no file in the folder of any class "
                f"({', '.join(self.classes)}): copy scans there, or give another data.root."
            )
        return scans_in(self.root, files)

    def _inner(self, root: Path) -> Path:
        """Give the folder that holds class folders or parts: `root`, or the only folder in it."""
        known = {*self._names.values(), *self._names, *(self._classes or ())}
        inside = [name for name in subfolders(root) if self._names.get(name, name) is not None]
        if len(inside) != 1 or published_part(inside[0]) or inside[0] in known:
            return root
        return self._inner(root / inside[0]) if subfolders(root / inside[0]) else root

    @cached_property
    def _places(self) -> list[tuple[str, Path, str]]:
        """Part, class folder and class, in order."""
        inside = subfolders(self.root)
        halves = {name: part for name in inside if (part := published_part(name))}
        # A class could be called Test: what is mapped is a class folder.
        halves = {name: part for name, part in halves.items() if name not in self._names}
        places = [
            (part, self.root / half / name)
            for half, part in sorted(halves.items(), key=lambda item: PARTS.index(item[1]))
            for name in subfolders(self.root / half)
        ]
        known = {place.name for _, place in places} | set(self._names) | set(self._classes or ())
        beside = [name for name in inside if name not in halves]
        self._check_beside(sorted(halves), [name for name in beside if name not in known])
        places += [("", self.root / name) for name in beside]
        there = sorted({place.name for _, place in places})
        if not there:
            raise DataError(f"{self.root} holds no class folder: {self._remedy}.")
        check_names(self._names, there, self._classes, str(self.root), "folder")
        return [
            (part, place, label)
            for part, place in places
            if (label := self._names.get(place.name, place.name)) is not None
        ]

    def _check_beside(self, halves: Sequence[str], beside: Sequence[str]) -> None:
        if halves and beside and self._classes is None:
            raise DataError(
                f"{self.root} holds {', '.join(halves)}, and beside it {beside[0]}, which "
                "is no class in there: leave it out as "
                f'"data.names={{{beside[0]}: null}}", or say which class it is.'
            )
