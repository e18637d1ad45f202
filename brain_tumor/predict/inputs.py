"""What a user gives to have predicted: files, folders and globs."""

import glob
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from brain_tumor.errors import DataError
from brain_tumor.files.folders import files_below


def find_files(provided: Iterable[str], but: Collection[Path] = ()) -> list[Path]:
    """Find the files that are meant by files, folders and globs, but those in `but`.

    A folder stands for every file below it, at any depth, sorted; a glob (`*`, `?`, `[]`, `**`) for
    what it matches, sorted, unless a file has that very name. Each file is given once; what is no
    regular file is among them, so that its reason can be told. DataError where one of the given
    leads to nothing.
    """
    found: dict[Path, None] = {}
    passed = {path.absolute() for path in but}
    for one in provided:
        # lexists: a link that leads nowhere is something, too.
        path = Path(one).expanduser()
        there = os.path.lexists(path)
        # Path.glob takes no absolute ones.
        matches = () if there else sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
        places = [path] if there else [Path(match) for match in matches]
        if not places:
            raise DataError(
                f"{path} does not exist, and matches nothing: give scans, folders of scans, or "
                "globs as input=..."
            )
        files = [file for place in places for file in _files(place)]
        files = [f for f in files if not passed & {f.absolute(), *f.absolute().parents}]
        if not files:
            raise DataError(f"There is no file in {path}: give scans, or folders that hold some.")
        found |= dict.fromkeys(files)
    return list(found)


def _files(place: Path) -> list[Path]:
    try:
        is_folder = place.is_dir()
    except OSError:  # a link in a circle, say: told of it when it is read
        is_folder = False
    if not is_folder:
        return [place]
    try:
        return sorted(files_below(place))
    except DataError as error:
        raise DataError(
            f"{place} cannot be looked into: fix its permissions, or give other scans as input=..."
        ) from error
