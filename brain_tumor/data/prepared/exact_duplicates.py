"""Drop exact duplicates in the report's three steps: "Dataset & Preprocessing", third paragraph."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.data.files.read import md5
from brain_tumor.data.files.scans import Grey
from brain_tumor.data.files.source import TESTING, TRAINING, VALIDATION

# What a part is called in the name of a step; scans of no published part are all in one.
_CALLED = {TRAINING: "training", VALIDATION: "validation", TESTING: "testing", "": "unassigned"}
# The report's steps, which every summary counts.
REPORTED = ("training", "testing", "testing_in_training")


@dataclass(frozen=True)
class Duplicate:
    """A scan to drop: its position, that of the scan it repeats, and the step that found it."""

    position: int
    original: int
    step: str


def pixel_digest(scan: Grey) -> str:
    """MD5 of the pixel values of a scan, `(H, W)`, uint8, as hexadecimal text."""
    return md5(np.ascontiguousarray(scan).data)


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
