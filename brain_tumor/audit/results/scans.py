"""What an audit found out about the scans: raw files, copies, near-duplicates, patients.

Paths are those inside the raw folder. Numbers are numbers of scans unless a field says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from brain_tumor.data.groups.settings import NearDuplicateSettings

ScanPair = tuple[str, str]  # paths of two scans


@dataclass(frozen=True)
class KnownVersion:
    """The raw files beside a version of the data whose numbers of files are known.

    Attributes:
        name: The version's name.
        same: Whether every folder holds as many files as in that version.
        sentence: The result in words, with each folder that differs.
    """

    name: str
    same: bool
    sentence: str


@dataclass(frozen=True)
class FileSizes:
    """How many different sizes raw files have, and up to eight of them, the most frequent first.

    A size is width and height in pixels, such as `512 x 512`, with its number of files.
    """

    distinct: int
    most_common: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class ScanCount:
    """Scans of one class in one folder: raw files, and those that are left after preparing."""

    raw: int
    kept: int


@dataclass(frozen=True)
class OddFile:
    """A file with an oddity, and what was found in it."""

    path: str
    detail: str


@dataclass(frozen=True)
class FileFinding:
    """An oddity that the audit looked for, and the files that have it.

    Attributes:
        id: Short name, also that of the finding's contact sheet.
        title: What the files are.
        explanation: Why it matters.
        count: Number of files; 0 where none has the oddity.
        files: The first of them, in raw order; the manifest has all.
    """

    id: str
    title: str
    explanation: str
    count: int
    files: tuple[OddFile, ...]


@dataclass(frozen=True)
class Files:
    """The raw files of a data set.

    Attributes:
        raw: Raw files.
        kept: Scans that are left after preparing.
        unusable: Files without a usable scan.
        formats: By format and mode, such as `JPEG RGB`; the most frequent first.
        known_version: Comparison with a known version; None where there is none to compare with.
        balance: By folder (`Training`, `Testing`), then by class.
        findings: Each oddity that was looked for.
    """

    raw: int
    kept: int
    unusable: int
    formats: Mapping[str, int]
    sizes: FileSizes
    known_version: KnownVersion | None
    balance: Mapping[str, Mapping[str, ScanCount]]
    findings: tuple[FileFinding, ...]


@dataclass(frozen=True)
class ScanGroup:
    """Copies of each other: their paths, and their classes in the same order."""

    paths: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class DuplicateCounts:
    """Exact duplicates by one way to compare two scans.

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
        by: By what is compared: `file bytes`, `decoded pixels`, `cropped pixels`.
        dropped: What each step of preparing drops, such as `training` and `testing_in_training`.
        groups: The first groups with scans of several classes, by any of the comparisons.
        across_labels: Number of such groups.
    """

    by: Mapping[str, DuplicateCounts]
    dropped: Mapping[str, int]
    groups: tuple[ScanGroup, ...]
    across_labels: int


@dataclass(frozen=True)
class ClassClusters:
    """Usable raw scans of one class, and their clusters of near-duplicates.

    Clusters and groups of related scans include single scans; `largest` is the number of scans of
    the class in its largest cluster. `related` is None in audits of version 0.6.
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

    Clusters and groups of related scans include single scans. Audits of version 0.6, which searched
    otherwise, have None as `thresholds`, `related_pairs` and `related_groups`, and no
    `pairs_by_similarity`.

    Attributes:
        thresholds: Thresholds of the search.
        pairs: Pairs of the same slice.
        related_pairs: Related pairs, those of the same slice included.
        scans_with_a_near_duplicate: Scans in clusters of two or more.
        largest: Scans in the largest cluster.
        pairs_by_similarity: Related pairs in steps of 0.1, such as `0.8 to 0.9`.
        pairs_by_orientation: Pairs of the same slice by how one scan is turned or mirrored.
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


@dataclass(frozen=True)
class ClassPatients:
    """Kept scans of one class, patient known or unknown, and the patients of the known ones."""

    known: int
    unknown: int
    patients: int


@dataclass(frozen=True)
class ContradictedLabel:
    """A raw scan whose class differs from `known_label`, its class in the patient table.

    `slice` is the slice's identifier in that table.
    """

    path: str
    label: str
    known_label: str
    slice: str


@dataclass(frozen=True)
class Patients:
    """The raw scans whose patient is known.

    Attributes:
        source: Where patients are known from; None where the configuration does not say.
        slices: Slices that these scans show.
        groups: Patients after identifiers that may name one person were joined.
        per_class: Kept scans of each class.
        contradicted: Scans whose label contradicts the source.
    """

    source: str | None
    scans: int
    slices: int
    patients: int
    groups: int
    per_class: Mapping[str, ClassPatients]
    contradicted: tuple[ContradictedLabel, ...]
