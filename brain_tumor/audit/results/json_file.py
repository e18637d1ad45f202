"""The file `audit.json`: how an audit is written, and read again."""

from typing import Any

from brain_tumor.audit.results.audit import Audit
from brain_tumor.runs.results.json_file import JsonFile


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


AUDIT = JsonFile("audit.json", Audit, upgrade=_upgrade, checked=False, again="make the audit again")
