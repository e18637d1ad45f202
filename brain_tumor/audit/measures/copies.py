"""Exact copies: scans that share a digest, within and across folders and labels."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

Group = tuple[int, ...]


@dataclass(frozen=True)
class Copies:
    """Groups of scans that are equal by one way to compare them.

    Attributes:
        groups: Positions of the scans of each group of two or more, in order of first member.
        within: By folder, the scans beyond the first of their group inside that folder.
        across_folders: Number of groups with scans of more than one folder.
        across_labels: Groups with scans of more than one label, in order of first member.
    """

    groups: tuple[Group, ...]
    within: dict[str, int]
    across_folders: int
    across_labels: tuple[Group, ...]

    @property
    def copies(self) -> int:
        """Scans beyond the first of each group."""
        return sum(len(group) - 1 for group in self.groups)


def find_copies(digests: Sequence[str], folders: Sequence[str], labels: Sequence[str]) -> Copies:
    """Group scans by digest.

    Args:
        digests: One per scan; an empty digest equals no other.
        folders: Folder of each scan.
        labels: Class of each scan.

    Example:
        >>> found = find_copies(["a", "b", "a"], ["Train", "Train", "Test"], ["x", "x", "y"])
        >>> found.groups, found.copies, found.across_folders, found.across_labels
        (((0, 2),), 1, 1, ((0, 2),))
    """
    members: dict[str, list[int]] = defaultdict(list)
    for position, digest in enumerate(digests):
        if digest:
            members[digest].append(position)
    groups = tuple(tuple(group) for group in members.values() if len(group) > 1)
    within = dict.fromkeys(folders, 0)
    for group in groups:
        for folder in {folders[i] for i in group}:
            within[folder] += sum(folders[i] == folder for i in group) - 1
    return Copies(
        groups,
        within,
        sum(len({folders[i] for i in group}) > 1 for group in groups),
        tuple(group for group in groups if len({labels[i] for i in group}) > 1),
    )
