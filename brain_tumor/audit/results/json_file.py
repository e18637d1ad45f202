"""The file `audit.json`: how an audit is written, and read again."""

import json
from pathlib import Path
from typing import Any

from brain_tumor.audit.results.audit import Audit
from brain_tumor.data.files.bounded_file import read_file
from brain_tumor.dataclass_json import from_plain, to_plain
from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder

AUDIT_FILE = "audit.json"
VERSION = 1  # of the file's format; files of brain-tumor 0.6 and before have none


def write_audit(folder: RunFolder, audit: Audit) -> None:
    """Write an audit to `audit.json`.

    Args:
        folder: The audit's folder.
        audit: What was found.

    Raises:
        DataError: The file cannot be written.
    """
    folder.write_json(AUDIT_FILE, {"version": VERSION, **to_plain(audit)})


def read_audit(path: Path) -> Audit:
    """Read an `audit.json`, of this version or an earlier one.

    Args:
        path: The file.

    Raises:
        DataError: It is missing, damaged, no audit, or of a later version.
    """
    try:
        content = json.loads(read_file(path))
        if not isinstance(content, dict):
            raise ValueError("it holds no named values")
        version = content.pop("version", 0)
        if type(version) is not int or version < 0:
            raise ValueError(f"version must be a whole number: {version!r}")
        if version <= VERSION:
            return from_plain(Audit, content if version else _upgrade(content))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"{path} cannot be read as an audit ({reason}): make the audit again."
        ) from error
    raise DataError(
        f"{path} was written by a later brain-tumor (format {version}, known up to {VERSION}): "
        "update brain-tumor, or make the audit again."
    )


def _upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Bring a file without a version to today's fields; `content` is changed.

    Until 0.6 near-duplicates were found by the correlation of frames and of heads: that search had
    other thresholds and no related scans, and nothing looked for scans that look alike.
    """
    near, made = content.get("near"), content.get("provenance")
    if isinstance(near, dict) and near.pop("pairs_by_view", None) is not None:
        near |= {"thresholds": None, "related_pairs": None, "related_groups": None}
        near["pairs_by_similarity"] = {}
        for clusters in _groups(near.get("per_class")):
            clusters.setdefault("related", None)
    if isinstance(made, dict):
        made.setdefault("hardware", {})
        made.setdefault("git_dirty", None)
    content.setdefault("lookalikes", None)
    leakage = content.get("leakage")
    for variant in _groups(dict(enumerate(leakage)) if isinstance(leakage, list) else None):
        variant.setdefault("lookalikes", None)
    return content


def _groups(values: Any) -> list[dict[str, Any]]:
    """Give the groups of named values in a group; what is none is left to the reader to refuse."""
    found = values.values() if isinstance(values, dict) else ()
    return [value for value in found if isinstance(value, dict)]
