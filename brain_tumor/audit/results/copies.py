"""What an audit found out about copies: exact duplicates, and near-duplicates."""

from collections.abc import Mapping
from dataclasses import dataclass

from brain_tumor.data.groups.settings import NearDuplicateSettings

ScanPair = tuple[str, str]  # paths of two scans


@dataclass(frozen=True)
class ScanGroup:
    """Copies of each other: paths inside the raw folder, and classes in the same order."""

    paths: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class DuplicateCounts:
    """Number of exact duplicates by one way to compare two scans.

    Attributes:
        groups: Groups of two or more equal scans.
        copies: Scans beyond the first of each group.
        within: By folder, the scans beyond the first of their group in that folder.
        across_folders: Groups with scans of more than one folder.
        across_labels: Groups with scans of more than one class.
    """

    groups: int
    copies: int
    within: Mapping[str, int]
    across_folders: int
    across_labels: int


@dataclass(frozen=True)
class ExactDuplicates:
    """Scans that are exactly the same.

    Attributes:
        by: Their number by what is compared: `file bytes`, `decoded pixels`, `cropped pixels`.
        dropped: Number of scans that each step of preparing drops, such as `training` and
            `testing_in_training`.
        groups: The first groups with scans of several classes, by any of the comparisons.
        across_labels: Number of such groups.
    """

    by: Mapping[str, DuplicateCounts]
    dropped: Mapping[str, int]
    groups: tuple[ScanGroup, ...]
    across_labels: int


@dataclass(frozen=True)
class ClassClusters:
    """Clusters of near-duplicates in one class.

    Attributes:
        scans: Usable raw scans of the class.
        clusters: Clusters, single scans included.
        largest: Scans of the class in its largest cluster.
        related: Groups of related scans, single scans included; None in audits of version 0.6.
    """

    scans: int
    clusters: int
    largest: int
    related: int | None


@dataclass(frozen=True)
class SliceAgreement:
    """Clusters of near-duplicates beside the slices that scans are known to show.

    Attributes:
        true_pairs: Pairs of scans that show one slice.
        found_pairs: Pairs of scans in one cluster.
        right_pairs: Pairs that are both.
        precision: `right_pairs / found_pairs` in [0, 1]; None where no pair was found.
        recall: `right_pairs / true_pairs` in [0, 1]; None where there is no pair to find.
        wrong: The first pairs in one cluster that show two slices.
        missed: The first pairs that show one slice and stand in two clusters.
    """

    true_pairs: int
    found_pairs: int
    right_pairs: int
    precision: float | None
    recall: float | None
    wrong: tuple[ScanPair, ...]
    missed: tuple[ScanPair, ...]


@dataclass(frozen=True)
class NearDuplicates:
    """Usable raw scans that show the same slice, and related ones; exact copies count too.

    Attributes:
        thresholds: Thresholds of the search; None in audits of version 0.6, which searched
            otherwise.
        pairs: Pairs of the same slice.
        related_pairs: Related pairs, those of the same slice included; None in audits of 0.6.
        related_groups: Groups of related scans, single scans included; None in audits of 0.6.
        clusters: Clusters of the same slice, single scans included.
        clusters_of_two_or_more: Clusters without single scans.
        scans_with_a_near_duplicate: Scans in clusters of two or more.
        largest: Scans in the largest cluster.
        pairs_by_similarity: Related pairs in steps of 0.1, such as `0.8 to 0.9`; empty in audits
            of 0.6.
        pairs_by_orientation: Pairs of the same slice by how one scan is turned or mirrored.
        per_class: The clusters of each class.
        across_labels: Clusters with scans of several classes.
        truth: Comparison with the known slices; None where no slice is known.
        seconds: Time of the search; None where that was not measured.
    """

    thresholds: NearDuplicateSettings | None
    pairs: int
    related_pairs: int | None
    related_groups: int | None
    clusters: int
    clusters_of_two_or_more: int
    scans_with_a_near_duplicate: int
    largest: int
    pairs_by_similarity: Mapping[str, int]
    pairs_by_orientation: Mapping[str, int]
    per_class: Mapping[str, ClassClusters]
    across_labels: tuple[ScanGroup, ...]
    truth: SliceAgreement | None
    seconds: float | None
