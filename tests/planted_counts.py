"""What preparing a folder of phantoms must find, from the copies planted in it."""

from collections import defaultdict
from typing import Any

from phantoms import PhantomScan, PhantomTruth

from brain_tumor.data.phantom import CLASSES


def planted_counts(truth: PhantomTruth) -> dict[str, Any]:
    """Count raw scans, copies dropped at each step, and kept scans by class; no pixel is read."""
    by_path = {scan.path: scan for scan in truth.scans}
    copies: dict[str, list[PhantomScan]] = defaultdict(list)
    for scan in truth.scans:
        first = scan
        while first.duplicate_of is not None:
            first = by_path[first.duplicate_of]
        copies[first.path].append(scan)
    dropped = {"training": 0, "testing": 0, "testing_in_training": 0}
    classes = dict.fromkeys(CLASSES, 0)
    for same in copies.values():
        training = sum(scan.folder == "Training" for scan in same)
        testing = len(same) - training
        dropped["training"] += max(0, training - 1)
        dropped["testing"] += max(0, testing - 1)
        dropped["testing_in_training"] += training > 0 and testing > 0
        classes[same[0].label] += 1
    return {
        "raw": len(truth.scans),
        "duplicates": dropped,
        "kept": len(copies),
        "classes": classes,
    }
