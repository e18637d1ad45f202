"""What settings get wrong: their most confident mistakes, and the scans that all of them miss."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import softmax

from brain_tumor.compare.settings import RunGroup
from brain_tumor.data.prepared.prepared_set import open_prepared
from brain_tumor.errors import DataError
from brain_tumor.evaluate.figures import Mistake, wrong_sheet


@dataclass(frozen=True)
class Mistakes:
    """How many test scans a run of a setting gets wrong, and the surest of these mistakes."""

    wrong: int
    listed: tuple[Mistake, ...]


@dataclass(frozen=True)
class SharedErrors:
    """How many scans every setting tested, and how many of these 0 to all settings get wrong.

    A setting of several seeds gets a scan wrong if most of its runs do.
    """

    scans: int
    wrong_in: tuple[int, ...]


def find_mistakes(members: RunGroup, most: int) -> Mistakes:
    """List the most confidently wrong test scans of a setting."""
    surest: dict[str, Mistake] = {}
    for run in members:
        found = run.predictions["test"]
        likely = softmax(found.logits, axis=1).max(axis=1).tolist()
        for one in map(Mistake, found.paths, found.labels, found.predicted, likely):
            known = surest.get(one.path)
            if one.label != one.predicted and (
                known is None or known.probability < one.probability
            ):
                surest[one.path] = one
    ordered = sorted(surest.values(), key=lambda one: (-one.probability, one.path))
    return Mistakes(len(surest), tuple(ordered[:most]))


def shared_errors(gathered: Sequence[RunGroup]) -> SharedErrors:
    """Count the scans that every setting tested, by how many settings got them wrong."""
    shares: list[dict[str, float]] = []
    for members in gathered:
        wrong: dict[str, list[bool]] = {}
        for run in members:
            for path, (label, predicted) in run.test.items():
                wrong.setdefault(path, []).append(label != predicted)
        shares.append({path: sum(found) / len(found) for path, found in wrong.items()})
    common = set.intersection(*(set(one) for one in shares)) if shares else set()
    times = [sum(one[path] > 0.5 for one in shares) for path in common]
    counts = np.bincount(times, minlength=len(shares) + 1).tolist()
    return SharedErrors(len(common), tuple(counts))


def error_sheet(members: RunGroup, listed: Sequence[Mistake]) -> bytes | None:
    """Show the listed scans as a contact sheet; None where their prepared set is gone."""
    try:
        prepared = open_prepared(Path(members[0].record.data.prepared))
    except DataError:
        return None
    if not listed or prepared.fingerprint != members[0].setting["data.fingerprint"]:
        return None
    return wrong_sheet(prepared, listed)
