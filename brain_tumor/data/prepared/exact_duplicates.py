"""Drop exact duplicates in the report's three steps: "Dataset & Preprocessing", third paragraph."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from brain_tumor.files.read import md5
from brain_tumor.files.scans import Grey
from brain_tumor.files.source import TESTING, TRAINING, VALIDATION

# What a part is called in the name of a step; scans of no published part are all in one.
_CALLED = {TRAINING: "training", VALIDATION: "validation", TESTING: "testing", "": "unassigned"}
# The report's steps, of the two parts that its set was published in.
_REPORTED = ("training", "testing", "testing_in_training")


@dataclass(frozen=True)
class Duplicate:
    """A scan to drop: its position, that of the scan it repeats, and the step that found it."""

    position: int
    original: int
    step: str


def pixel_digest(scan: Grey) -> str:
    """MD5 of the pixel values of a scan, `(H, W)`, uint8, as hexadecimal text."""
    return md5(np.ascontiguousarray(scan).data)


def steps_of(parts: Sequence[str]) -> list[str]:
    """Name the steps that drop duplicates from scans of some published parts.

    Example:
        >>> steps_of(["Training"]), steps_of(["", ""]), steps_of(["Validation", "Testing"])[-1]
        (['training', 'testing', 'testing_in_training'], ['unassigned'], 'testing_in_validation')
    """
    if set(parts) <= {TRAINING, TESTING}:
        return list(_REPORTED)
    called = [name for part, name in _CALLED.items() if part in parts]
    return called + [f"{late}_in_{early}" for early, late in combinations(called, 2)]


def find_duplicates(digests: Sequence[str | None], parts: Sequence[str]) -> list[Duplicate]:
    """Find what the report removes.

    First scans that repeat an earlier one inside Training, then inside Testing, then those left in
    Testing that Training holds too. Likewise with a published Validation, which comes after
    Training, and with scans that are in no part, which come last.

    Args:
        digests: One per scan, in the order that decides which copy is the first; None for a scan
            that was kept out already.
        parts: `Training`, `Validation`, `Testing` or nothing, one per scan.

    Returns:
        Duplicates by position; their steps are called `training`, `testing_in_training` and so on,
        `unassigned` where there is no part.

    Example:
        >>> found = find_duplicates(["a", "a", "a"], ["Training", "Training", "Testing"])
        >>> [(d.position, d.original, d.step) for d in found]
        [(1, 0, 'training'), (2, 0, 'testing_in_training')]
    """
    first: dict[str, dict[str, int]] = {part: {} for part in _CALLED}
    found: list[Duplicate] = []
    for position, (digest, part) in enumerate(zip(digests, parts, strict=True)):
        if digest is None:
            continue
        original = first[part].setdefault(digest, position)
        if original != position:
            found.append(Duplicate(position, original, _CALLED[part]))
    for number, part in enumerate(_CALLED):
        for digest, position in first[part].items():
            holders = [one for one in [*_CALLED][:number] if digest in first[one]]
            if holders:
                step = f"{_CALLED[part]}_in_{_CALLED[holders[0]]}"
                found.append(Duplicate(position, first[holders[0]][digest], step))
    return sorted(found, key=lambda duplicate: duplicate.position)
