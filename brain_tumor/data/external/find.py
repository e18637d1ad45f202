"""Scans of other origin on disk: class folders of any name that is mapped to a class."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from brain_tumor.data.files.folders import check_folder, files_below, subfolders
from brain_tumor.data.files.scans import FOLDERS, Scan
from brain_tumor.errors import ConfigError, DataError


def find_external_scans(
    root: Path, names: Mapping[str, str | None], classes: Sequence[str]
) -> list[Scan]:
    """List every file of every class folder.

    Args:
        root: Folder that holds class folders, or `Training` or `Testing` or both that hold them.
        names: Class of each folder that is not named by it; None leaves the folder out.
        classes: Class names. Some may have no folder.

    Returns:
        Training scans first, then Testing, then those in neither, each by folder and path. Hidden
        files are left out, as are files beside the class folders.

    Raises:
        ConfigError: `names` names a class or a folder that is not there.
        DataError: There is no class folder, or no file in any, or one that is neither a class nor
            mapped to one: no folder is taken for a class by order or by guess.
    """
    known = ", ".join(classes)
    check_folder(root, f"give one that holds a folder per class, of {known}, as data.root=FOLDER")
    found = subfolders(root)
    halves = [(folder, root / folder) for folder in FOLDERS if folder in found]
    places = [(folder, half / name) for folder, half in halves for name in subfolders(half)]
    places += [("", root / name) for name in found if name not in FOLDERS]
    there = list(dict.fromkeys(place.name for _, place in places))
    if not there:
        raise DataError(
            f"{root} holds no class folder: give one that holds a folder per class, of {known}, "
            "as data.root=FOLDER."
        )
    _check_names(root, names, classes, there)
    unknown = [name for name in there if name not in names and name not in classes]
    if unknown:
        is_none = f"{unknown[0]} is" if len(unknown) == 1 else f"{', '.join(unknown)} are"
        raise DataError(
            f"{root} holds the folders {', '.join(there)}, of which {is_none} no class of the run "
            f'({known}): say which class it is as "data.names={{{unknown[0]}: CLASS}}", or null in '
            "place of CLASS to leave it out."
        )
    scans: list[Scan] = []
    for folder, place in places:
        label = names.get(place.name, place.name)
        if label is not None:
            files = sorted(files_below(place))
            scans += [Scan(path.relative_to(root).as_posix(), folder, label) for path in files]
    if not scans:
        raise DataError(
            f"{root} has no file in the folder of any class ({known}): copy scans there, or give "
            "another data.root."
        )
    return scans


def _check_names(
    root: Path, names: Mapping[str, str | None], classes: Sequence[str], there: Sequence[str]
) -> None:
    for name, label in names.items():
        if name not in there:  # a value that is ignored would mislead
            raise ConfigError(
                f"data.names names the folder {name}, which {root} does not hold: it holds "
                f"{', '.join(there)}."
            )
        if label is not None and label not in classes:
            raise ConfigError(
                f"data.names maps {name} to {label!r}, which is no class of the run: choose one of "
                f"{', '.join(classes)}, or null to leave the folder out."
            )
