"""The sections on copies: exact duplicates, and the same slice in another form."""

from collections.abc import Mapping, Sequence

from brain_tumor.audit.page.blocks import Sheets, pairs_blocks, pictures, scans_table
from brain_tumor.audit.results.audit import Audit
from brain_tumor.audit.results.scans import ScanGroup, SliceAgreement
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.rendering.charts.contact_sheet import MAX_GROUPS
from brain_tumor.rendering.numbers import (
    format_count,
    format_counted,
    format_percent,
    format_score,
)
from brain_tumor.rendering.page import Block, DataTable, Heading, Notice, Paragraph, Section
from brain_tumor.rendering.tables import step_title

# Names of the contact sheets.
EXACT_ACROSS_LABELS = "exact_across_labels"
NEAR_CLUSTERS = "near_clusters"
NEAR_ACROSS_LABELS = "near_across_labels"
NEAR_WRONG = "near_wrong"
NEAR_MISSED = "near_missed"


def exact_table(audit: Audit) -> DataTable:
    """Count exact duplicates, by each way to compare two scans."""
    folders = list(audit.files.balance)
    rows = []
    for compared, found in audit.exact.by.items():
        within = [found.within.get(folder) for folder in folders]
        counts = (found.groups, found.copies, *within, found.across_folders, found.across_labels)
        rows.append([compared, *map(format_count, counts)])
    columns = [f"within {folder or 'the set'}" for folder in folders]
    return DataTable(
        "Exact duplicates",
        ["the same", "groups", "copies", *columns, "across folders", "across labels"],
        rows,
        "A group holds all scans that are the same; copies are its scans beyond the first. "
        "Within a folder copies are counted, across folders and labels groups.",
    )


def exact_section(audit: Audit, sheets: Sheets) -> Section:
    """Write the section on exact duplicates."""
    dropped = audit.exact.dropped.items()
    each = [f"{step_title(step)} {format_count(number)}" for step, number in dropped]
    across = audit.exact.groups, audit.exact.across_labels
    title = "The same scan under several labels"
    blocks: list[Block] = [
        Paragraph(
            "Two scans can be the same byte by byte, or hold the same pixels in another encoding, "
            "or become the same once the head is cut out and brought to one size."
        ),
        exact_table(audit),
        Paragraph(
            "Preparing compares the cropped pixels and keeps the first scan of each group: "
            f"the others are dropped ({'; '.join(each)})."
        ),
        *_across_labels(sheets, EXACT_ACROSS_LABELS, title, "exact copies", *across),
    ]
    return Section("exact", "Exact duplicates", blocks)


def near_table(audit: Audit) -> DataTable:
    """Count pairs and clusters of near-duplicates."""
    near, truth = audit.near, audit.near.truth
    counts = {
        "pairs of the same slice": near.pairs,
        "scans with a near-duplicate": near.scans_with_a_near_duplicate,
        "clusters, counting single scans": near.clusters,
        "clusters of two or more": near.clusters_of_two_or_more,
        "scans in the largest cluster": near.largest,
        "clusters across labels": len(near.across_labels),
        "related pairs": near.related_pairs,
        "groups of related scans, counting single scans": near.related_groups,
    }
    agreement = []
    if truth is not None:
        found, true = format_count(truth.found_pairs), format_count(truth.true_pairs)
        agreement = [
            [f"precision, {found} pairs", format_score(truth.precision, decimals=4)],
            [f"recall, {true} pairs", format_score(truth.recall, decimals=4)],
        ]
    return DataTable(
        "Near-duplicates",
        ["what", "number"],
        [*([what, format_count(number)] for what, number in counts.items()), *agreement],
        "Exact copies count too. Precision and recall are those of pairs in one cluster, beside "
        "pairs known to show one slice."
        if agreement
        else "Exact copies count too.",
    )


def near_section(audit: Audit, sheets: Sheets) -> Section:
    """Write the section on near-duplicates."""
    near, across = audit.near, audit.near.across_labels
    title = "Near-duplicates under several labels"
    blocks: list[Block] = [
        Paragraph(_search(near.thresholds)),
        near_table(audit),
        _counts_table("Related pairs by similarity", "similarity", near.pairs_by_similarity),
        _counts_table(
            "Pairs of the same slice by how one lies on the other",
            "turn",
            near.pairs_by_orientation,
        ),
        DataTable(
            "Clusters of each class",
            ["class", "scans", "clusters", "largest", "groups of related scans"],
            [
                [name, *map(format_count, (row.scans, row.clusters, row.largest, row.related))]
                for name, row in near.per_class.items()
            ],
            "A class with far fewer clusters than scans holds few slices, many times over.",
        ),
        *pictures(
            sheets,
            NEAR_CLUSTERS,
            "The largest clusters, one in each frame",
            near.clusters_of_two_or_more,
            MAX_GROUPS,
        ),
        *_across_labels(sheets, NEAR_ACROSS_LABELS, title, "near-duplicates", across, len(across)),
        Heading("Beside the known slices"),
        *_truth(near.truth, sheets),
    ]
    return Section("near", "Near-duplicates", blocks)


def _search(thresholds: NearDuplicateSettings | None) -> str:
    """Say what the search compares, and from which similarity on scans belong together."""
    assert thresholds is not None  # an audit of 0.6, which has none, is read but not shown
    return (
        "The same slice may stand in the data again: resized, encoded anew, with another contrast, "
        "mirrored or turned. One scan is laid on the other, and the directions of their edges are "
        "compared, which a window, sharpening or inversion hardly changes. Two scans show the same "
        f"slice where that similarity reaches {thresholds.same_slice:g}. They are related, and may "
        f"not be parted by a split, from {thresholds.related:g} on, or from "
        f"{thresholds.related_if_frames_agree:g} on where their whole frames correlate by "
        f"{thresholds.frames_agree:g} or more. Scans joined by a chain of such pairs form a "
        "cluster."
    )


def _truth(truth: SliceAgreement | None, sheets: Sheets) -> list[Block]:
    if truth is None:
        why = "No table names the slices of this data, so pairs found cannot be checked against it."
        return [Paragraph(why)]
    blocks: list[Block] = []
    for name, pairs, total, title in (
        (NEAR_WRONG, truth.wrong, truth.found_pairs, "Pairs found that are no pair of one slice"),
        (NEAR_MISSED, truth.missed, truth.true_pairs, "Pairs of one slice that were not found"),
    ):
        wrong = total - truth.right_pairs
        blocks += pairs_blocks(sheets, name, title, ["scan", "other scan"], pairs, wrong)
    return blocks


def _across_labels(
    sheets: Sheets, name: str, title: str, copies: str, groups: Sequence[ScanGroup], count: int
) -> list[Block]:
    if count == 0:
        return [Notice("good", f"No {copies} stand under several labels.")]
    stand = "stands" if count == 1 else "stand"
    found = f"{format_counted(count, 'group')} of {copies} {stand} under several labels"
    rows = [[", ".join(dict.fromkeys(group.labels)), ", ".join(group.paths)] for group in groups]
    return [
        Notice("bad", f"{found}: some of these labels are wrong."),
        scans_table(title, ["labels", "scans"], rows, count, text_columns=2),
        *pictures(sheets, name, title, count, MAX_GROUPS),
    ]


def _counts_table(title: str, column: str, counts: Mapping[str, int]) -> DataTable:
    total = sum(counts.values())
    rows = [
        [name, format_count(number), format_percent(number / total if total else None)]
        for name, number in counts.items()
    ]
    return DataTable(title, [column, "pairs", "share"], rows)
