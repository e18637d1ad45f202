"""What settings get wrong: their most confident mistakes, and the scans that all of them miss."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from brain_tumor.compare.settings import RunGroup
from brain_tumor.data.prepared.prepared_set import open_prepared
from brain_tumor.errors import DataError
from brain_tumor.evaluate.figures import wrong_sheet

Record = dict[str, Any]


def error_records(gathered: Sequence[RunGroup], most: int) -> list[Record]:
    """List the most confidently wrong test scans of each setting, the surest first.

    Args:
        gathered: The runs of each setting.
        most: How many to list; a scan counts once, by its surest mistake.

    Returns:
        For each setting, `wrong` (different test scans that a run of it gets wrong), and `listed`,
        each with its path, class, predicted class and the probability of that.
    """
    records = []
    for members in gathered:
        surest: dict[str, Record] = {}
        for run in members:
            found = run.predictions["test"]
            likely = softmax(found.logits, axis=1).max(axis=1).tolist()
            for path, label, predicted, probability in zip(
                found.paths, found.labels, found.predicted, likely, strict=True
            ):
                known = surest.get(path)
                if label != predicted and (known is None or known["probability"] < probability):
                    surest[path] = {
                        "path": path,
                        "label": label,
                        "predicted": predicted,
                        "probability": probability,
                    }
        ordered = sorted(surest.values(), key=lambda one: (-one["probability"], one["path"]))
        records.append({"wrong": len(surest), "listed": ordered[:most]})
    return records


def shared_errors(gathered: Sequence[RunGroup]) -> Record:
    """Count the scans that every setting tested, by how many settings got them wrong.

    Returns:
        `scans`, and `wrong_in`: for 0 to all settings, how many scans that many got wrong; a
        setting of several seeds gets a scan wrong if most of its runs do.
    """
    shares: list[dict[str, float]] = []
    for members in gathered:
        wrong: dict[str, list[bool]] = {}
        for run in members:
            for path, (label, predicted) in run.test.items():
                wrong.setdefault(path, []).append(label != predicted)
        shares.append({path: sum(found) / len(found) for path, found in wrong.items()})
    common = set.intersection(*(set(one) for one in shares)) if shares else set()
    times = [sum(one[path] > 0.5 for one in shares) for path in common]
    return {
        "scans": len(common),
        "wrong_in": np.bincount(times, minlength=len(shares) + 1).tolist(),
    }


def error_sheet(members: RunGroup, listed: Sequence[Record]) -> bytes | None:
    """Show the listed scans as a contact sheet; None where their prepared set is gone.

    Args:
        members: The runs of the setting.
        listed: An entry of `error_records`.
    """
    folder = Path(str(members[0].record.get("data", {}).get("prepared", "")))
    try:
        prepared = open_prepared(folder)
    except DataError:
        return None
    if not listed or prepared.fingerprint != members[0].setting["data.fingerprint"]:
        return None
    return wrong_sheet(prepared, listed)
