"""An audit: all that was found out about a data set, and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from brain_tumor.audit.results.scans import ExactDuplicates, Files, NearDuplicates, Patients
from brain_tumor.metrics.leakage import PartOverlap
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.runs.provenance import Provenance
from brain_tumor.runs.results.json_file import JsonFile
from brain_tumor.settings import Settings

ProbeKind = Literal["probe", "classifier"]


@dataclass(frozen=True)
class VariantLeakage(PartOverlap):
    """One variant of a split: a seed, a fold, or the split itself where it has but one.

    Attributes:
        split: Name of the split, such as `report`; `published` are the folders as they are.
        detail: The seed or fold, such as `seed 0`; empty where there is but one variant.
    """

    split: str
    detail: str


@dataclass(frozen=True)
class LookalikePair:
    """Two kept scans of different groups that look alike.

    `correlation` is the normalised one of frames or of heads, in [-1, 1]. Patients that are known
    of both differ.
    """

    paths: tuple[str, str]
    correlation: float
    patients: Literal["two known", "not known"]


@dataclass(frozen=True)
class LookalikePairs:
    """Pairs of kept scans that look alike in two groups, which no split over groups keeps apart.

    Attributes:
        level: Lowest correlation of such a pair, in [0, 1].
        count: Number of pairs.
        scans: Number of scans in them.
        pairs: The first of them, most alike first.
    """

    level: float
    count: int
    scans: int
    pairs: tuple[LookalikePair, ...]


@dataclass(frozen=True)
class ProbeScore:
    """Scores of one classifier on one task under one split.

    Attributes:
        sees: What the classifier sees of a scan, in words.
        kind: `probe` sees no anatomy, `classifier` sees the scan.
        split: Name of the split.
        detail: The seed, the fold, or how many folds were put together; empty where there is but
            one variant.
        task: The classes to distinguish, such as `four classes`.
        test: Number of test scans.
        accuracy: Accuracy in [0, 1] with its 95 % interval over groups of scans.
        balanced_accuracy: Mean recall of the classes, likewise.
        majority: Share in [0, 1] of the most frequent class among the test scans.
    """

    sees: str
    kind: ProbeKind
    split: str
    detail: str
    task: str
    test: int
    accuracy: Interval
    balanced_accuracy: Interval
    majority: float


@dataclass(frozen=True)
class StepCount:
    """Number of scans at one step of preparing, named in words: in the report, and here."""

    step: str
    report: int
    measured: int


@dataclass(frozen=True)
class PartCounts(Settings):
    """Number of scans of one class in the training and in the test part of the report."""

    train: int
    test: int


@dataclass(frozen=True)
class FolderCounts:
    """Kept scans of a class folder, and the report's class with as many scans.

    Attributes:
        report_class: The report's class with as many scans; None where it has none.
        report_train: Training scans of that class in the report; None likewise.
        report_test: Its test scans; None likewise.
        named_alike: The report's counts of the class that it names like the folder; None where it
            names none so.
    """

    folder: str
    kept: int
    report_class: str | None
    report_train: int | None
    report_test: int | None
    named_alike: PartCounts | None


@dataclass(frozen=True)
class ReportComparison:
    """The report's counts beside those of the data, and whether every one is found again."""

    rows: tuple[FolderCounts, ...]
    steps: tuple[StepCount, ...]
    same: bool


@dataclass(frozen=True)
class AuditedData:
    """The data that was audited.

    Attributes:
        root: The raw folder, or where the scans were fetched from.
        prepared: Folder of the prepared set, whose `fingerprint` is hexadecimal.
        classes: Class names in the order of their numbers.
        harmonise: How scans were harmonised, by setting; None and False are off.
    """

    name: str
    root: str
    prepared: str
    fingerprint: str
    classes: tuple[str, ...]
    harmonise: Mapping[str, bool | int | None]


@dataclass(frozen=True)
class AuditSeconds:
    """Seconds that preparing or opening a prepared set took, and all else up to the sheets."""

    preparing: float
    auditing: float


@dataclass(frozen=True)
class AuditProvenance(Provenance):
    """What made an audit; those of version 0.6 have an empty `hardware`.

    Attributes:
        started: When the audit began, ISO 8601.
        peak_memory_bytes: Most memory held by the process; None where that is not known.
    """

    started: str
    seconds: AuditSeconds
    peak_memory_bytes: int | None


@dataclass(frozen=True)
class Audit:
    """The content of `audit.json`.

    Attributes:
        patients: Patients and labels; None where no patient is known.
        leakage: What test and training scans share, for each variant of each split.
        lookalikes: Scans that look alike across groups; None in audits of version 0.6.
        shortcuts: Scores of probes and classifiers.
        report: Comparison with the published report; None where that is about other data.
    """

    data: AuditedData
    files: Files
    exact: ExactDuplicates
    near: NearDuplicates
    patients: Patients | None
    leakage: tuple[VariantLeakage, ...]
    lookalikes: LookalikePairs | None
    shortcuts: tuple[ProbeScore, ...]
    report: ReportComparison | None
    provenance: AuditProvenance


def _upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Bring a file without a version to today's fields; `content` is changed.

    Until 0.6 near-duplicates were found by the correlation of frames and of heads: that search had
    other thresholds and no related scans, and nothing looked for scans that look alike.
    """
    near, made = content.get("near"), content.get("provenance")
    if isinstance(near, dict) and near.pop("pairs_by_view", None) is not None:
        near |= {"thresholds": None, "related_pairs": None, "related_groups": None}
        near["pairs_by_similarity"] = {}
        for clusters in _groups(near.get("per_class")):
            clusters.setdefault("related", None)
    if isinstance(made, dict):
        made.setdefault("hardware", {})
        made.setdefault("git_dirty", None)
    content.setdefault("lookalikes", None)
    leakage = content.get("leakage")
    for variant in _groups(dict(enumerate(leakage)) if isinstance(leakage, list) else None):
        variant.setdefault("lookalikes", None)
    return content


def _groups(values: Any) -> list[dict[str, Any]]:
    """Give the groups of named values in a group; what is none is left to the reader to refuse."""
    found = values.values() if isinstance(values, dict) else ()
    return [value for value in found if isinstance(value, dict)]


AUDIT = JsonFile("audit.json", Audit, upgrade=_upgrade, checked=False, again="make the audit again")
