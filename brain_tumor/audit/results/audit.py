"""An audit: all that was found out about a data set, and how."""

from collections.abc import Mapping
from dataclasses import dataclass

from brain_tumor.audit.results.copies import ExactDuplicates, NearDuplicates
from brain_tumor.audit.results.files import Files
from brain_tumor.audit.results.leakage import LookalikePairs, VariantLeakage
from brain_tumor.audit.results.patients import Patients
from brain_tumor.audit.results.report import ReportComparison
from brain_tumor.audit.results.shortcuts import ProbeScore
from brain_tumor.runs.provenance import Provenance


@dataclass(frozen=True)
class AuditedData:
    """The data that was audited.

    Attributes:
        name: Name of the data set.
        root: The raw folder, or where the scans were fetched from.
        prepared: Folder of the prepared set.
        fingerprint: Fingerprint of the prepared set, hexadecimal.
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
        seconds: How long it took.
        peak_memory_bytes: Most memory held by the process; None where that is not known.
    """

    started: str
    seconds: AuditSeconds
    peak_memory_bytes: int | None


@dataclass(frozen=True)
class Audit:
    """The content of `audit.json`.

    Attributes:
        data: The data that was audited.
        files: The raw files.
        exact: Exact duplicates.
        near: Near-duplicates.
        patients: Patients and labels; None where no patient is known.
        leakage: What test and training scans share, for each variant of each split.
        lookalikes: Scans that look alike across groups; None in audits of version 0.6.
        shortcuts: Scores of probes and classifiers.
        report: Comparison with the published report; None where that is about other data.
        provenance: What made the audit.
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
