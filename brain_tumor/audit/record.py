"""What an audit finds out about a prepared set, as plain values for `audit.json`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from omegaconf import DictConfig

from brain_tumor.audit.file_findings import file_formats, find_oddities, sizes
from brain_tumor.audit.measures.copies import find_copies
from brain_tumor.audit.measures.matching import score_matching
from brain_tumor.audit.splits import AuditedSplit
from brain_tumor.data.files.kaggle import differing_counts
from brain_tumor.data.files.scans import FOLDERS
from brain_tumor.data.groups.connected import Ids, numbered
from brain_tumor.data.groups.lookalikes import LEVELS, Lookalikes
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.prepared.manifest import ManifestRow
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.evaluate.leakage_record import overlap_record

Record = dict[str, Any]

LISTED_FILES = 50  # of a finding; the manifest has all
LISTED_GROUPS = 20


def files_record(prepared: PreparedSet, version: DictConfig | None) -> Record:
    """Describe the raw files.

    Args:
        prepared: The prepared set.
        version: Number of the known version and its `counts` per folder and class; None where
            there is none.
    """
    raw = Counter((row.folder, row.label) for row in prepared.manifest)
    kept = Counter((row.folder, row.label) for row in prepared.kept)
    return {
        "raw": len(prepared.manifest),
        "kept": len(prepared.kept),
        "unusable": len(prepared.unusable),
        "formats": dict(file_formats(prepared.manifest).most_common()),
        "sizes": {
            "distinct": len(sizes(prepared.manifest)),
            "most_common": [list(item) for item in sizes(prepared.manifest).most_common(8)],
        },
        "known_version": None if version is None else _compare_version(raw, version),
        "balance": {
            folder: {
                label: {"raw": raw[folder, label], "kept": kept[folder, label]}
                for label in prepared.classes
            }
            for folder in FOLDERS
        },
        "findings": [
            {
                "id": finding.name,
                "title": finding.title,
                "explanation": finding.explanation,
                "count": len(finding.rows),
                "files": [
                    {"path": row.path, "detail": detail}
                    for row, detail in zip(finding.rows, finding.details, strict=True)
                ][:LISTED_FILES],
            }
            for finding in find_oddities(prepared.manifest)
        ],
    }


def exact_record(prepared: PreparedSet) -> Record:
    """Count exact duplicates, by three ways to compare two scans."""
    rows = prepared.manifest
    folders, labels = [row.folder for row in rows], [row.label for row in rows]
    by: Record = {}
    across: dict[tuple[int, ...], None] = {}
    for what, digests in (
        ("file bytes", [row.file_md5 for row in rows]),
        ("decoded pixels", [row.frame_md5 for row in rows]),
        ("cropped pixels", [row.pixel_md5 for row in rows]),
    ):
        found = find_copies(digests, folders, labels)
        by[what] = {
            "groups": len(found.groups),
            "copies": found.copies,
            "within": found.within,
            "across_folders": found.across_folders,
            "across_labels": len(found.across_labels),
        }
        across |= dict.fromkeys(found.across_labels)
    groups = [_group(rows[i] for i in group) for group in across][:LISTED_GROUPS]
    dropped = prepared.summary["duplicates"]
    return {"by": by, "dropped": dropped, "groups": groups, "across_labels": len(across)}


def near_record(prepared: PreparedSet, pairs: Sequence[Pair]) -> Record:
    """Describe scans of the same slice and related ones, among all usable raw scans."""
    rows = prepared.manifest
    clusters = np.array([-1 if row.cluster is None else row.cluster for row in rows], np.int64)
    labels = np.array([row.label for row in rows])
    members = Counter(clusters[clusters >= 0].tolist())
    several = {cluster for cluster, number in members.items() if number > 1}
    least = prepared.summary["near_duplicates"]["same_slice"]
    same = [pair for pair in pairs if pair.similarity >= least]
    related = np.array([-1 if row.related is None else row.related for row in rows], np.int64)
    across = [
        _group(rows[i] for i in np.flatnonzero(clusters == cluster))
        for cluster in sorted(several)
        if len(set(labels[clusters == cluster].tolist())) > 1
    ]
    return {
        "thresholds": prepared.summary["near_duplicates"],
        "pairs": len(same),
        "related_pairs": len(pairs),
        "related_groups": len(set(related[related >= 0].tolist())),
        "clusters": len(members),
        "clusters_of_two_or_more": len(several),
        "scans_with_a_near_duplicate": sum(members[cluster] for cluster in several),
        "largest": max(members.values(), default=0),
        "pairs_by_similarity": _by_similarity(pairs),
        "pairs_by_orientation": dict(Counter(pair.orientation for pair in same).most_common()),
        "per_class": {
            label: _class_clusters(clusters[labels == label], related[labels == label])
            for label in prepared.classes
        },
        "across_labels": across,
        "truth": _truth(rows, clusters),
        "seconds": prepared.summary["seconds"]["comparing scans"],
    }


def patients_record(prepared: PreparedSet, source: str | None) -> Record | None:
    """Describe what is known of patients; None where nothing is.

    Args:
        prepared: The prepared set.
        source: Where that comes from.
    """
    known = [row for row in prepared.manifest if row.patient]
    if not known:
        return None
    per_class = {}
    for label in prepared.classes:
        own = [row for row in prepared.kept if row.label == label]
        named = [row.patient for row in own if row.patient]
        per_class[label] = {
            "known": len(named),
            "unknown": len(own) - len(named),
            "patients": len(set(named)),
        }
    return {
        "source": source,
        "scans": len(known),
        "slices": len({row.slice_key for row in known} - {None}),
        "patients": len({row.patient for row in known}),
        "groups": len({row.patient_group for row in known}),
        "per_class": per_class,
        "contradicted": [
            {
                "path": row.path,
                "label": row.label,
                "known_label": row.known_label,
                "slice": row.slice_id,
            }
            for row in contradicted(prepared)
        ],
    }


def contradicted(prepared: PreparedSet) -> list[ManifestRow]:
    """Give the raw scans whose label differs from the one that the patient table gives."""
    return [row for row in prepared.manifest if row.known_label not in ("", row.label)]


def leakage_record(
    prepared: PreparedSet, splits: Iterable[AuditedSplit], lookalikes: Lookalikes
) -> list[Record]:
    """Tell what the test part of each split shares with everything that is not tested."""
    raw = [row for row in prepared.manifest if row.cluster is not None]
    training = np.array([row.folder == "Training" for row in raw])
    labels = np.array([prepared.classes.index(row.label) for row in raw], np.int64)
    published = np.flatnonzero(training), np.flatnonzero(~training)
    found = overlap_record(raw, labels, prepared.classes, *published)
    records = [{"split": "published", "detail": "nothing dropped"} | found]
    kept, classes = (prepared.kept, prepared.labels), prepared.classes
    for split in splits:
        found = overlap_record(*kept, classes, split.train, split.test, lookalikes)
        records.append({"split": split.name, "detail": split.detail} | found)
    return records


def lookalikes_record(prepared: PreparedSet, lookalikes: Lookalikes) -> Record:
    """List the pairs of kept scans that look alike and stand in two groups, most alike first.

    What no split over groups keeps apart: whether they show one head is for the eye to tell.
    """
    groups, kept = prepared.groups, prepared.kept
    apart = np.flatnonzero(groups[lookalikes.first] != groups[lookalikes.second])
    apart = apart[np.argsort(-lookalikes.correlation[apart], kind="stable")]
    ends = np.stack([lookalikes.first[apart], lookalikes.second[apart]], axis=1)
    pairs = []
    for (one, other), value in zip(ends.tolist(), lookalikes.correlation[apart], strict=True):
        known = kept[one].patient and kept[other].patient
        pairs.append(
            {
                "paths": [kept[one].path, kept[other].path],
                "correlation": round(float(value), 4),
                "patients": "two known" if known else "not known",
            }
        )
    scans = len(np.unique(ends))
    return {"level": LEVELS[0], "count": len(pairs), "scans": scans, "pairs": pairs[:LISTED_FILES]}


def _compare_version(raw: Mapping[tuple[str, str], int], known: DictConfig) -> Record:
    name = f"Kaggle version {known.version}"
    other = [
        f"{folder}/{label} holds {number:,} files instead of {expected:,}"
        for folder, label, number, expected in differing_counts(raw, known.counts)
    ]
    sentence = f"Every folder holds as many files as in {name}."
    if other:
        sentence = f"This is not {name}: {'; '.join(other)}."
    return {"name": name, "same": not other, "sentence": sentence}


def _by_similarity(pairs: Sequence[Pair]) -> dict[str, int]:
    """Count pairs in steps of 0.1 of their similarity."""
    steps = Counter(min(int(10 * pair.similarity), 9) for pair in pairs)
    return {f"{step / 10:.1f} to {(step + 1) / 10:.1f}": steps[step] for step in sorted(steps)}


def _class_clusters(clusters: Ids, related: Ids) -> Record:
    members = Counter(clusters[clusters >= 0].tolist())
    return {
        "scans": sum(members.values()),
        "clusters": len(members),
        "largest": max(members.values(), default=0),
        "related": len(set(related[related >= 0].tolist())),
    }


def _truth(rows: Sequence[ManifestRow], clusters: Ids) -> Record | None:
    slices = numbered([row.slice_key for row in rows])
    if slices.max() < 0:
        return None
    scores = asdict(score_matching(clusters, slices))
    for key in ("wrong", "missed"):
        scores[key] = [[rows[i].path for i in pair] for pair in scores[key]]
    return scores


def _group(rows: Iterable[ManifestRow]) -> Record:
    members = list(rows)
    return {"paths": [row.path for row in members], "labels": [row.label for row in members]}
