"""Drop exact duplicates in the report's three steps: "Dataset & Preprocessing", third paragraph."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.data.files.scans import Grey
from brain_tumor.data.prepared.fingerprint import md5

TRAINING, TESTING, TESTING_IN_TRAINING = "training", "testing", "testing_in_training"


@dataclass(frozen=True)
class Duplicate:
    """A scan to drop: its position, that of the scan it repeats, and the step that found it."""

    position: int
    original: int
    step: str


def pixel_digest(scan: Grey) -> str:
    """MD5 of the pixel values of a scan, `(H, W)`, uint8, as hexadecimal text."""
    return md5(np.ascontiguousarray(scan).data)


def find_duplicates(digests: Sequence[str | None], folders: Sequence[str]) -> list[Duplicate]:
    """Find what the report removes.

    First scans that repeat an earlier one inside Training, then inside Testing, then those left in
    Testing that Training holds too.

    Args:
        digests: One per scan, in the order that decides which copy is the first; None for a scan
            that was kept out already.
        folders: `Training` or `Testing`, one per scan.

    Returns:
        Duplicates by position.

    Example:
        >>> found = find_duplicates(["a", "a", "a"], ["Training", "Training", "Testing"])
        >>> [(d.position, d.original, d.step) for d in found]
        [(1, 0, 'training'), (2, 0, 'testing_in_training')]
    """
    first: dict[str, dict[str, int]] = {"Training": {}, "Testing": {}}
    found: list[Duplicate] = []
    for position, (digest, folder) in enumerate(zip(digests, folders, strict=True)):
        if digest is None:
            continue
        original = first[folder].setdefault(digest, position)
        if original != position:
            found.append(Duplicate(position, original, folder.lower()))
    found += [
        Duplicate(position, first["Training"][digest], TESTING_IN_TRAINING)
        for digest, position in first["Testing"].items()
        if digest in first["Training"]
    ]
    return sorted(found, key=lambda duplicate: duplicate.position)
