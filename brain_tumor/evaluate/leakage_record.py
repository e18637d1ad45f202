"""What the test part of one split shares with its training part."""

from collections.abc import Sequence

import numpy as np

from brain_tumor.data.groups.connected import Ids, numbered
from brain_tumor.data.groups.lookalikes import LEVELS, Lookalikes
from brain_tumor.data.prepared.manifest import ManifestRow
from brain_tumor.metrics.leakage import PartOverlap, leakage, lookalike_shares


def measure_overlap(
    rows: Sequence[ManifestRow],
    labels: Ids,
    classes: Sequence[str],
    train: Ids,
    test: Ids,
    lookalikes: Lookalikes | None = None,
) -> PartOverlap:
    """Count the test scans that share a copy, slice or patient with training, or are related.

    `train` and `test` are positions among the scans; without `lookalikes`, the pairs of these scans
    that look alike, there are no such shares.
    """
    identities = {
        "exact copy": numbered([row.pixel_md5 for row in rows]),
        "slice": numbered([row.slice_key for row in rows]),
        "near-duplicate": numbered([row.cluster for row in rows]),
        "related": numbered([row.related for row in rows]),
        "patient": numbered([row.person for row in rows]),
    }
    overlaps = leakage(identities, train, test, labels, classes)
    shares = None
    if lookalikes is not None:
        known = np.array([bool(rows[place].patient) for place in test.tolist()], bool)
        closest = lookalikes.closest(train, test)
        shares = tuple(lookalike_shares(closest, LEVELS, labels[test], classes, known))
    return PartOverlap(len(train), len(test), overlaps, shares)
