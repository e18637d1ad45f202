"""What audits measured about shortcuts, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.audit.results.audit import AUDIT, AuditedData, ProbeScore
from brain_tumor.compare.page.differences import audit_labels
from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder


@dataclass(frozen=True)
class ComparedAudit:
    """An audit beside others, as `comparison.json` holds it.

    Attributes:
        label: How its scans were harmonised, as far as the audits differ in it.
        shortcuts: Scores of probes and classifiers under one split.
    """

    label: str
    folder: str
    data: AuditedData
    shortcuts: tuple[ProbeScore, ...]


def read_audits(folders: Sequence[Path], split: str) -> list[ComparedAudit]:
    """Read the shortcuts that audits measured under one split.

    Raises:
        DataError: An audit cannot be read, or has no scores under that split.
    """
    audits = [AUDIT.read(RunFolder(folder)) for folder in folders]
    labels = audit_labels([audit.data.harmonise for audit in audits])
    if len(set(labels)) < len(labels):
        labels = [f"{label} ({folder})" for label, folder in zip(labels, folders, strict=True)]
    compared = []
    for label, folder, audit in zip(labels, folders, audits, strict=True):
        scores = tuple(score for score in audit.shortcuts if score.split == split)
        if not scores:
            splits = dict.fromkeys(score.split for score in audit.shortcuts)
            raise DataError(
                f"{folder / AUDIT.name} has no shortcut probes of split={split} (it has "
                f"{', '.join(splits) or 'none'}): choose another split as audit_split=..."
            )
        compared.append(ComparedAudit(label, str(folder), audit.data, scores))
    return compared
