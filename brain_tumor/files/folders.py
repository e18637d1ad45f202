"""Look into folders of raw files, whatever lies in them."""

import os
from collections.abc import Iterator
from pathlib import Path

from brain_tumor.errors import DataError


def check_folder(root: Path, remedy: str) -> None:
    """Make sure that a folder is there; `remedy` ends the sentence that says if it is not.

    Raises:
        DataError: It is not, or it is a file, such as an archive: nothing is unpacked here.
    """
    try:
        if root.is_dir():
            return
        is_file = root.is_file()
    except OSError as error:  # such as a name that is too long
        raise DataError(f"{root} cannot be looked into ({error.strerror}): {remedy}.") from error
    if is_file:
        raise DataError(f"{root} is a file: unpack it if it is an archive, and {remedy}.")
    raise DataError(f"There is no folder {root}: {remedy}.")


def subfolders(folder: Path) -> list[str]:
    """Give the names of the folders in a folder, sorted, without hidden ones; links count."""
    try:
        return sorted(p.name for p in folder.iterdir() if not _hidden(p.name) and p.is_dir())
    except OSError as error:
        raise _shut(folder, error) from error


def files_below(folder: Path) -> Iterator[Path]:
    """Give every file below a folder, at any depth, in no order.

    Neither hidden files nor anything in a hidden folder, such as a notebook's checkpoints. What is
    no regular file is given too, so that it can be listed with its reason: a pipe, a link that
    leads nowhere, a folder that may not be looked into, and a link to a folder. Such a link is not
    followed, as it may lead in a circle or to all of the disk. Links to files are files: many sets
    are links into a store.

    Raises:
        DataError: The folder itself may not be looked into.
    """
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as inside:
                found = [entry for entry in inside if not _hidden(entry.name)]
                folders = [entry.is_dir(follow_symlinks=False) for entry in found]
        except OSError as error:  # it may not be looked into, or is gone
            if place == folder:
                raise _shut(folder, error) from error
            yield place
            continue
        for entry, is_folder in zip(found, folders, strict=True):
            path = place / entry.name
            if is_folder:
                waiting.append(path)
            else:
                yield path


def _shut(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"{folder} cannot be looked into ({error.strerror}): fix its permissions, or give another "
        "data.root."
    )


def _hidden(name: str) -> bool:
    # Archives made on a Mac hold the hidden files of every folder once more in __MACOSX.
    return name.startswith(".") or name == "__MACOSX"
