"""Exact copies: scans that share a digest, within and across folders and labels."""

from collections import defaultdict
from collections.abc import Sequence

from brain_tumor.audit.results.copies import DuplicateCounts

Group = tuple[int, ...]


def find_copies(
    digests: Sequence[str], folders: Sequence[str], labels: Sequence[str]
) -> tuple[DuplicateCounts, list[Group]]:
    """Group scans by digest.

    Args:
        digests: One per scan; an empty digest equals no other.
        folders: Folder of each scan.
        labels: Class of each scan.

    Returns:
        How many there are, and the positions of the scans of each group with more than one label,
        in order of first member.

    Example:
        >>> found, across = find_copies(["a", "b", "a"], ["T", "T", "V"], ["x", "x", "y"])
        >>> found.groups, found.copies, found.across_folders, across
        (1, 1, 1, [(0, 2)])
    """
    members: dict[str, list[int]] = defaultdict(list)
    for position, digest in enumerate(digests):
        if digest:
            members[digest].append(position)
    groups = [tuple(group) for group in members.values() if len(group) > 1]
    within = dict.fromkeys(folders, 0)
    for group in groups:
        for folder in {folders[i] for i in group}:
            within[folder] += sum(folders[i] == folder for i in group) - 1
    across = [group for group in groups if len({labels[i] for i in group}) > 1]
    counts = DuplicateCounts(
        groups=len(groups),
        copies=sum(len(group) - 1 for group in groups),
        within=within,
        across_folders=sum(len({folders[i] for i in group}) > 1 for group in groups),
        across_labels=len(across),
    )
    return counts, across
