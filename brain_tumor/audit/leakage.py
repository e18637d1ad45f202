"""Measure what an audit reports about splits: leakage, and scans that look alike across groups."""

from collections.abc import Iterable

import numpy as np

from brain_tumor.audit.record import MAX_LISTED_FILES
from brain_tumor.audit.results.leakage import LookalikePair, LookalikePairs, VariantLeakage
from brain_tumor.audit.splits import AuditedSplit
from brain_tumor.data.groups.lookalikes import LEVELS, Lookalikes
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.evaluate.leakage_record import measure_overlap
from brain_tumor.files.source import TESTING


def measure_leakage(
    prepared: PreparedSet, splits: Iterable[AuditedSplit], lookalikes: Lookalikes
) -> tuple[VariantLeakage, ...]:
    """Measure what test and training scans share, in the published folders and under each split."""
    raw = [row for row in prepared.manifest if row.cluster is not None]
    training = np.array([row.folder != TESTING for row in raw])
    labels = np.array([prepared.classes.index(row.label) for row in raw], np.int64)
    published = np.flatnonzero(training), np.flatnonzero(~training)
    variants = []
    if all(len(rows) for rows in published):  # else no test part was published
        overlap = measure_overlap(raw, labels, prepared.classes, *published)
        variants.append(
            VariantLeakage(**vars(overlap), split="published", detail="nothing dropped")
        )
    kept, classes = (prepared.kept, prepared.labels), prepared.classes
    for split in splits:
        overlap = measure_overlap(*kept, classes, split.train, split.test, lookalikes)
        variants.append(VariantLeakage(**vars(overlap), split=split.name, detail=split.detail))
    return tuple(variants)


def list_lookalikes(prepared: PreparedSet, lookalikes: Lookalikes) -> LookalikePairs:
    """List the pairs of kept scans that look alike in two groups, most alike first.

    No split over groups keeps them apart. Whether they show one head is for a human to judge.
    """
    groups, kept = prepared.groups, prepared.kept
    apart = np.flatnonzero(groups[lookalikes.first] != groups[lookalikes.second])
    apart = apart[np.argsort(-lookalikes.correlation[apart], kind="stable")]
    ends = np.stack([lookalikes.first[apart], lookalikes.second[apart]], axis=1)
    pairs = tuple(
        LookalikePair(
            (kept[one].path, kept[other].path),
            round(float(value), 4),
            "two known" if kept[one].patient and kept[other].patient else "not known",
        )
        for (one, other), value in zip(ends.tolist(), lookalikes.correlation[apart], strict=True)
    )
    return LookalikePairs(LEVELS[0], len(pairs), len(np.unique(ends)), pairs[:MAX_LISTED_FILES])
