"""Files that are there whole or not at all, whenever the process is killed."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

HALF = ".half"  # ends the name of what is being written


@contextlib.contextmanager
def written_whole(path: Path, aside: Path | None = None) -> Iterator[IO[bytes]]:
    """Give a file to write to, beside `path`; it takes that place once the disk has all of it.

    Args:
        path: Its place; the folder is made.
        aside: Where what was at `path` goes then; None lets go of it.

    Raises:
        OSError: The disk does not take it; what was at `path` stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}-{os.getpid()}{HALF}")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if aside is not None and path.exists():
            path.replace(aside)
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def forget_halves(folder: Path) -> None:
    """Remove what processes that were killed while they wrote left beside their files.

    Args:
        folder: Where nobody writes meanwhile; folders in it are looked through, too.
    """
    for half in folder.rglob(f".*-*{HALF}"):
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)
