"""Files that are there whole or not at all, whenever the process is killed."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from brain_tumor.errors import DataError

HALF = ".half"  # ends the name of what is being written


@contextlib.contextmanager
def written_whole(path: Path, aside: Path | None = None) -> Iterator[IO[bytes]]:
    """Give a new file to write to, beside `path`; it takes that place once the disk has all of it.

    What was at `path` goes to `aside`, if that is given, and stays after an OSError. A link there
    is replaced, never followed; folders on the way are: `check_no_link` looks at those.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}{HALF}")
    try:
        with beside.open("xb") as file:  # x: fails where a file or a link has that name
            yield file
            file.flush()
            os.fsync(file.fileno())
        if aside is not None and path.exists():
            path.replace(aside)
        beside.replace(path)
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)  # a full disk does not say where
        raise
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def forget_halves(folder: Path) -> None:
    """Remove, in a folder where nobody writes, what killed processes left half written."""
    for half in folder.rglob(f".*-*{HALF}"):
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)


def check_name(folder: Path) -> None:
    """See that a run folder's name is text, else raise a DataError."""
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"The name of the folder {folder} is not UTF-8, as TensorBoard needs it: rename it, or "
            "give another folder as run_folder=..."
        ) from error


def check_no_link(root: Path, folder: Path) -> None:
    """See that neither a folder in a run folder nor one on the way to it is a link.

    Whoever made the run folder chose where its links lead: a file would be written there. The run
    folder itself may be a link, or lie behind one: that is the choice of whoever names it.
    """
    for step in (folder, *folder.parents):
        if root in step.parents and step.is_symlink():
            raise _leads_elsewhere(step)


def check_no_links(root: Path) -> None:
    """See that nothing in a run folder is a link, at any depth: else a DataError.

    For what writes there by its own means, such as a logger, which would follow them.
    """
    for place, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(place, name)
            if path.is_symlink():
                raise _leads_elsewhere(path)


def _leads_elsewhere(link: Path) -> DataError:
    return DataError(
        f"{link} is a link, and nothing is written through a link inside a run folder: replace it "
        "by what it leads to, or delete it."
    )
