"""What the test part of one split shares with its training part, as plain values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from brain_tumor.data.groups.connected import Ids, numbered
from brain_tumor.data.groups.lookalikes import LEVELS, Lookalikes
from brain_tumor.data.prepared.manifest import ManifestRow
from brain_tumor.metrics.leakage import leakage, lookalike_shares

Record = dict[str, Any]


def overlap_record(
    rows: Sequence[ManifestRow],
    labels: Ids,
    classes: Sequence[str],
    train: Ids,
    test: Ids,
    lookalikes: Lookalikes | None = None,
) -> Record:
    """Count the test scans that share a copy, slice or patient with training, or are related.

    Args:
        rows: Scans, N in all.
        labels: Their class numbers, `(N,)`, int64.
        classes: Class names in the order of the numbers.
        train: Positions of the training scans.
        test: Positions of the test scans.
        lookalikes: Pairs of these scans that look alike; None where they were not sought.

    Returns:
        `train` and `test`, how many scans they have, `overlaps` by what is shared, and
        `lookalikes`, the share of test scans that look like a training scan at each of `LEVELS`,
        None where they were not sought.
    """
    identities = {
        "exact copy": numbered([row.pixel_md5 for row in rows]),
        "slice": numbered([row.slice_key for row in rows]),
        "near-duplicate": numbered([row.cluster for row in rows]),
        "related": numbered([row.related for row in rows]),
        "patient": numbered([row.patient_group or None for row in rows]),
    }
    found = leakage(identities, train, test, labels, classes)
    overlaps = {
        identity: {
            "known": overlap.known,
            "shared": overlap.shared,
            "share_of_known": overlap.share_of_known,
            "share_of_all": overlap.share_of_all,
            "per_class": {label: own.share_of_all for label, own in overlap.per_class.items()},
        }
        for identity, overlap in found.items()
    }
    shares = None
    if lookalikes is not None:
        known = np.array([bool(rows[place].patient) for place in test.tolist()], bool)
        closest = lookalikes.closest(train, test)
        found_alike = lookalike_shares(closest, LEVELS, labels[test], classes, known)
        shares = [asdict(one) for one in found_alike]
    return {"train": len(train), "test": len(test), "overlaps": overlaps, "lookalikes": shares}
