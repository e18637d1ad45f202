"""The contact sheets of an audit: a picture for each finding."""

from collections import Counter
from collections.abc import Iterable, Sequence

from brain_tumor.audit.file_findings import find_oddities
from brain_tumor.audit.page.copies import (
    EXACT_ACROSS_LABELS,
    NEAR_ACROSS_LABELS,
    NEAR_CLUSTERS,
    NEAR_MISSED,
    NEAR_WRONG,
)
from brain_tumor.audit.page.leakage import LOOKALIKES
from brain_tumor.audit.page.patients import CONTRADICTED
from brain_tumor.audit.record import contradicted
from brain_tumor.audit.results.audit import LookalikePairs
from brain_tumor.audit.results.scans import ExactDuplicates, NearDuplicates
from brain_tumor.data.prepared.manifest import UNUSABLE
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.rendering.charts.contact_sheet import MAX_GROUPS, contact_sheet, group_sheet

Groups = Sequence[Sequence[int]]


def audit_sheets(
    prepared: PreparedSet, exact: ExactDuplicates, near: NearDuplicates, lookalikes: LookalikePairs
) -> dict[str, bytes]:
    """Draw a PNG file for each finding that has scans to show, by its name."""
    places = {row.path: number for number, row in enumerate(prepared.manifest)}

    def positions(groups: Iterable[Sequence[str]]) -> list[list[int]]:
        return [[places[path] for path in paths] for paths in groups]

    sheets = {}
    for finding in find_oddities(prepared.manifest):
        # A file that is not usable has no pixels to show.
        files = [f for f in finding.files if prepared.manifest[places[f.path]].status != UNUSABLE]
        if files:
            frames = [prepared.frames[places[file.path]] for file in files]
            captions = [f"{file.path}\n{file.detail}" for file in files]
            sheets[finding.id] = contact_sheet(frames, captions)
    wrong = [places[row.path] for row in contradicted(prepared)]
    if wrong:
        captions = [
            f"{prepared.manifest[i].path}\nsource: {prepared.manifest[i].known_label}"
            for i in wrong
        ]
        sheets[CONTRADICTED] = contact_sheet([prepared.frames[i] for i in wrong], captions)
    for name, groups in (
        (EXACT_ACROSS_LABELS, positions(group.paths for group in exact.groups)),
        (NEAR_CLUSTERS, _largest_clusters(prepared)),
        (NEAR_ACROSS_LABELS, positions(group.paths for group in near.across_labels)),
        (NEAR_WRONG, positions(near.truth.wrong if near.truth else ())),
        (NEAR_MISSED, positions(near.truth.missed if near.truth else ())),
        (LOOKALIKES, positions(pair.paths for pair in lookalikes.pairs)),
    ):
        if groups:
            shown = [[(prepared.frames[i], prepared.manifest[i].path) for i in g] for g in groups]
            sheets[name] = group_sheet(shown)
    return sheets


def _largest_clusters(prepared: PreparedSet) -> Groups:
    members: dict[int, list[int]] = {}
    for position, row in enumerate(prepared.manifest):
        if row.cluster is not None:
            members.setdefault(row.cluster, []).append(position)
    sizes = Counter({cluster: len(found) for cluster, found in members.items() if len(found) > 1})
    return [members[cluster] for cluster, _ in sizes.most_common(MAX_GROUPS)]
