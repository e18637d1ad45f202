"""What an audit found out about the raw files."""

from collections.abc import Mapping
from dataclasses import dataclass


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
    """Widths and heights of the raw files.

    Attributes:
        distinct: Number of different sizes.
        most_common: Up to eight sizes, such as `512 x 512` pixels, with their number of files;
            the most frequent first.
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
    """A file with an oddity: its path inside the raw folder, and what was found in it."""

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
        raw: Number of raw files.
        kept: Number of scans that are left after preparing.
        unusable: Number of files without a usable scan.
        formats: Number of files by format and mode, such as `JPEG RGB`; the most frequent first.
        sizes: Their sizes.
        known_version: Comparison with a known version; None where there is none to compare with.
        balance: Number of scans by folder (`Training`, `Testing`), then by class.
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
