"""Digests of the files of a run, by which damage is noticed when they are read."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.dataclass_json import from_plain
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.files.bounded_file import read_file

FILE = "checksums.json"
MAX_BYTES = 2**20


@dataclass(frozen=True)
class FileChecksum:
    """What `checksums.json` holds: a digest of what a file unpacks to, and rows of a table."""

    sha256: str
    rows: int | None = None


def checksum(content: bytes, rows: int | None = None) -> FileChecksum:
    """Take the checksum of a file's content."""
    return FileChecksum(hashlib.sha256(content).hexdigest(), rows)


def read_checksums(folder: Path) -> dict[str, FileChecksum]:
    """Read the checksums of a folder, by file name; none where an older version left none."""
    path = folder / FILE
    try:
        known = json.loads(read_file(path, MAX_BYTES))
        return {name: from_plain(FileChecksum, one, name) for name, one in known.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, RecursionError, ConfigError) as error:
        raise DataError(
            f"{path} is damaged ({error}): delete it to read the files beside it unchecked."
        ) from error


def check(path: Path, content: bytes, known: FileChecksum | None) -> None:
    """Compare what `path` holds with its checksum; DataError where it is not what was written."""
    if known is None or checksum(content).sha256 == known.sha256:
        return
    found, counts = content.count(b"\n") - 1, ""
    if known.rows is not None and found != known.rows:
        counts = f": it has {max(found, 0):,} rows, {known.rows:,} were written"
    again = "train again" if path.name.startswith("split.csv") else "evaluate the run again"
    raise DataError(
        f"{path} is not as it was written{counts}. Put back a whole copy of the run folder, or "
        f"{again}; if the change is yours, delete {path.parent / FILE}."
    )
