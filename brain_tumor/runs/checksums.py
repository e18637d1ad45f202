"""Digests of the files of a run, by which damage is noticed when they are read."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brain_tumor.data.files.bounded_file import read_file
from brain_tumor.errors import DataError

FILE = "checksums.json"
MAX_BYTES = 2**20

Checksums = dict[str, dict[str, Any]]


def checksum(content: bytes, rows: int | None = None) -> dict[str, Any]:
    """Give what `checksums.json` holds of a file.

    Args:
        content: Its content; of a compressed file, what it unpacks to.
        rows: Rows of a table, without its header.
    """
    known = {"sha256": hashlib.sha256(content).hexdigest()}
    return known if rows is None else {**known, "rows": rows}


def read_checksums(folder: Path) -> Checksums:
    """Read the checksums of a folder, by file name; none where an older version left none.

    Raises:
        DataError: The file is damaged.
    """
    path = folder / FILE
    try:
        known = json.loads(read_file(path, MAX_BYTES))
        if not all(isinstance(one, dict) and "sha256" in one for one in known.values()):
            raise ValueError("it holds something else")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{path} is damaged ({error}): delete it to read the files beside it unchecked."
        ) from error
    return dict(known)


def check(path: Path, content: bytes, known: Mapping[str, Any] | None) -> None:
    """Compare a file with its checksum.

    Args:
        path: Where it lies.
        content: What it holds.
        known: Its entry among the checksums; None where nothing is known of it.

    Raises:
        DataError: It is not what was written.
    """
    if known is None or checksum(content)["sha256"] == known["sha256"]:
        return
    found, written = content.count(b"\n") - 1, known.get("rows")
    counts = ""
    if isinstance(written, int) and found != written:
        counts = f": it has {max(found, 0):,} rows, {written:,} were written"
    again = "train again" if path.name.startswith("split.csv") else "evaluate the run again"
    raise DataError(
        f"{path} is not as it was written{counts}. Put back a whole copy of the run folder, or "
        f"{again}; if the change is yours, delete {FILE} beside it."
    )
