"""Measure what an audit reports about a prepared set."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from brain_tumor.audit.file_findings import find_oddities
from brain_tumor.audit.measures.copies import find_copies, score_matching
from brain_tumor.audit.results.audit import LookalikePair, LookalikePairs, VariantLeakage
from brain_tumor.audit.results.scans import (
    ClassClusters,
    ClassPatients,
    ContradictedLabel,
    DuplicateCounts,
    ExactDuplicates,
    Files,
    FileSizes,
    KnownVersion,
    NearDuplicates,
    Patients,
    ScanCount,
    ScanGroup,
)
from brain_tumor.audit.splits import AuditedSplit
from brain_tumor.data.groups.connected import Ids, numbered
from brain_tumor.data.groups.lookalikes import LEVELS, Lookalikes
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.prepared.manifest import ManifestRow
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.sources.kaggle import KaggleSettings, differing_counts
from brain_tumor.evaluate.leakage_record import measure_overlap
from brain_tumor.files.source import PARTS, TESTING

MAX_LISTED_FILES = 50  # of a finding; the manifest has all
MAX_LISTED_GROUPS = 20


def describe_files(prepared: PreparedSet, version: KaggleSettings | None) -> Files:
    """Describe the raw files, beside a version whose counts are known where there is one."""
    raw = Counter((row.folder, row.label) for row in prepared.manifest)
    kept = Counter((row.folder, row.label) for row in prepared.kept)
    rows = prepared.manifest
    formats = Counter(f"{row.format} {row.mode}".strip() or "unknown" for row in rows)
    sizes = Counter(f"{row.width} x {row.height}" for row in rows if row.width is not None)
    return Files(
        raw=len(rows),
        kept=len(prepared.kept),
        unusable=len(prepared.unusable),
        formats=dict(formats.most_common()),
        sizes=FileSizes(len(sizes), tuple(sizes.most_common(8))),
        known_version=_compare_version(raw, version) if version and version.known else None,
        balance={
            folder: {
                label: ScanCount(raw[folder, label], kept[folder, label])
                for label in prepared.classes
            }
            for folder in (*PARTS, "")
            if any(part == folder for part, _ in raw)
        },
        findings=tuple(
            replace(finding, files=finding.files[:MAX_LISTED_FILES])
            for finding in find_oddities(rows)
        ),
    )


def count_exact_duplicates(prepared: PreparedSet) -> ExactDuplicates:
    """Count exact duplicates, by three ways to compare two scans."""
    rows = prepared.manifest
    folders, labels = [row.folder for row in rows], [row.label for row in rows]
    by: dict[str, DuplicateCounts] = {}
    across: dict[tuple[int, ...], None] = {}
    for compared, digests in (
        ("file bytes", [row.file_md5 for row in rows]),
        ("decoded pixels", [row.frame_md5 for row in rows]),
        ("cropped pixels", [row.pixel_md5 for row in rows]),
    ):
        by[compared], groups = find_copies(digests, folders, labels)
        across |= dict.fromkeys(groups)
    return ExactDuplicates(
        by=by,
        dropped=prepared.summary["duplicates"],
        groups=tuple(_group(rows[i] for i in group) for group in across)[:MAX_LISTED_GROUPS],
        across_labels=len(across),
    )


def describe_near_duplicates(prepared: PreparedSet, pairs: Sequence[Pair]) -> NearDuplicates:
    """Describe scans of the same slice and related ones, among all usable raw scans."""
    rows = prepared.manifest
    clusters = np.array([-1 if row.cluster is None else row.cluster for row in rows], np.int64)
    labels = np.array([row.label for row in rows])
    members = Counter(clusters[clusters >= 0].tolist())
    several = {cluster for cluster, number in members.items() if number > 1}
    thresholds = NearDuplicateSettings(**prepared.summary["near_duplicates"])
    same_slice = [pair for pair in pairs if pair.similarity >= thresholds.same_slice]
    related = np.array([-1 if row.related is None else row.related for row in rows], np.int64)
    slices = numbered([row.slice_key for row in rows])
    return NearDuplicates(
        thresholds=thresholds,
        pairs=len(same_slice),
        related_pairs=len(pairs),
        related_groups=len(set(related[related >= 0].tolist())),
        clusters=len(members),
        clusters_of_two_or_more=len(several),
        scans_with_a_near_duplicate=sum(members[cluster] for cluster in several),
        largest=max(members.values(), default=0),
        pairs_by_similarity=_by_similarity(pairs),
        pairs_by_orientation=dict(Counter(pair.orientation for pair in same_slice).most_common()),
        per_class={
            label: _class_clusters(clusters[labels == label], related[labels == label])
            for label in prepared.classes
        },
        across_labels=tuple(
            _group(rows[i] for i in np.flatnonzero(clusters == cluster))
            for cluster in sorted(several)
            if len(set(labels[clusters == cluster].tolist())) > 1
        ),
        truth=score_matching(clusters, slices, [row.path for row in rows])
        if slices.max() >= 0
        else None,
        seconds=prepared.summary["seconds"]["comparing scans"],
    )


def describe_patients(prepared: PreparedSet, source: str | None) -> Patients | None:
    """Describe what is known about patients; None where nothing is."""
    known = [row for row in prepared.manifest if row.patient]
    if not known:
        return None
    per_class = {}
    for label in prepared.classes:
        own = [row for row in prepared.kept if row.label == label]
        named = [row.patient for row in own if row.patient]
        per_class[label] = ClassPatients(len(named), len(own) - len(named), len(set(named)))
    return Patients(
        source=source,
        scans=len(known),
        slices=len({row.slice_key for row in known} - {None}),
        patients=len({row.patient for row in known}),
        groups=len({row.person for row in known}),
        per_class=per_class,
        contradicted=tuple(
            ContradictedLabel(row.path, row.label, row.known_label, row.slice_id)
            for row in contradicted(prepared)
        ),
    )


def contradicted(prepared: PreparedSet) -> list[ManifestRow]:
    """Give the raw scans whose label differs from the one in the patient table."""
    return [row for row in prepared.manifest if row.known_label not in ("", row.label)]


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


def _compare_version(raw: Mapping[tuple[str, str], int], known: KaggleSettings) -> KnownVersion:
    name = f"Kaggle version {known.version}"
    differing = [
        f"{folder}/{label} holds {number:,} files instead of {expected:,}"
        for folder, label, number, expected in differing_counts(raw, known.known)
    ]
    sentence = f"Every folder holds as many files as in {name}."
    if differing:
        sentence = f"This is not {name}: {'; '.join(differing)}."
    return KnownVersion(name, not differing, sentence)


def _by_similarity(pairs: Sequence[Pair]) -> dict[str, int]:
    """Count pairs in steps of 0.1 of their similarity."""
    steps = Counter(min(int(10 * pair.similarity), 9) for pair in pairs)
    return {f"{step / 10:.1f} to {(step + 1) / 10:.1f}": steps[step] for step in sorted(steps)}


def _class_clusters(clusters: Ids, related: Ids) -> ClassClusters:
    members = Counter(clusters[clusters >= 0].tolist())
    return ClassClusters(
        scans=sum(members.values()),
        clusters=len(members),
        largest=max(members.values(), default=0),
        related=len(set(related[related >= 0].tolist())),
    )


def _group(rows: Iterable[ManifestRow]) -> ScanGroup:
    members = list(rows)
    return ScanGroup(tuple(row.path for row in members), tuple(row.label for row in members))
