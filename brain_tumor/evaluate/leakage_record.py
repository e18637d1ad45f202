"""What the test part of one split shares with its training part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from brain_tumor.data.groups.connected import Ids, numbered
from brain_tumor.data.groups.lookalikes import LEVELS, Lookalikes
from brain_tumor.data.prepared.manifest import ManifestRow
from brain_tumor.dataclass_json import to_plain
from brain_tumor.metrics.leakage import LookalikeShare, leakage, lookalike_shares


@dataclass(frozen=True)
class SharedScans:
    """Test scans that share one thing, such as the patient, with a training scan.

    Attributes:
        known: Number of test scans for which it is known.
        shared: Number of test scans that share it.
        share_of_known: `shared / known` in [0, 1]; None where it is known for none.
        share_of_all: `shared` of all test scans, in [0, 1]; None without test scans.
        per_class: `share_of_all` among the test scans of each class.
    """

    known: int
    shared: int
    share_of_known: float | None
    share_of_all: float | None
    per_class: Mapping[str, float | None]


@dataclass(frozen=True)
class PartOverlap:
    """What the test part of a split shares with its training part.

    Attributes:
        train: Number of training scans.
        test: Number of test scans.
        overlaps: By what is shared: `exact copy`, `slice`, `near-duplicate`, `related`,
            `patient`, and `any` of these.
        lookalikes: Test scans that look like a training scan, at each of `LEVELS`; None where
            they were not sought.
    """

    train: int
    test: int
    overlaps: Mapping[str, SharedScans]
    lookalikes: tuple[LookalikeShare, ...] | None


def measure_overlap(
    rows: Sequence[ManifestRow],
    labels: Ids,
    classes: Sequence[str],
    train: Ids,
    test: Ids,
    lookalikes: Lookalikes | None = None,
) -> PartOverlap:
    """Count the test scans that share a copy, slice or patient with training, or are related.

    Args:
        rows: Scans, N in all.
        labels: Their class numbers, `(N,)`, int64.
        classes: Class names in the order of the numbers.
        train: Positions of the training scans.
        test: Positions of the test scans.
        lookalikes: Pairs of these scans that look alike; None where they were not sought.
    """
    identities = {
        "exact copy": numbered([row.pixel_md5 for row in rows]),
        "slice": numbered([row.slice_key for row in rows]),
        "near-duplicate": numbered([row.cluster for row in rows]),
        "related": numbered([row.related for row in rows]),
        "patient": numbered([row.person for row in rows]),
    }
    overlaps = {
        identity: SharedScans(
            overlap.known,
            overlap.shared,
            overlap.share_of_known,
            overlap.share_of_all,
            {label: own.share_of_all for label, own in overlap.per_class.items()},
        )
        for identity, overlap in leakage(identities, train, test, labels, classes).items()
    }
    shares = None
    if lookalikes is not None:
        known = np.array([bool(rows[place].patient) for place in test.tolist()], bool)
        closest = lookalikes.closest(train, test)
        shares = tuple(lookalike_shares(closest, LEVELS, labels[test], classes, known))
    return PartOverlap(len(train), len(test), overlaps, shares)


def overlap_record(
    rows: Sequence[ManifestRow],
    labels: Ids,
    classes: Sequence[str],
    train: Ids,
    test: Ids,
    lookalikes: Lookalikes | None = None,
) -> dict[str, Any]:
    """Give `measure_overlap` as plain values, for `metrics.json`."""
    found = measure_overlap(rows, labels, classes, train, test, lookalikes)
    return dict(to_plain(found))
