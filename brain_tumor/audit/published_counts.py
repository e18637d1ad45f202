"""Compare the counts of the published report with those of a prepared set."""

from dataclasses import dataclass
from typing import Literal

from brain_tumor.audit.results.audit import FolderCounts, PartCounts, ReportComparison, StepCount
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.settings import Settings

Step = Literal["raw", "training", "testing", "testing_in_training", "kept"]
_STEPS: dict[Step, str] = {
    "raw": "raw scans",
    "training": "duplicates within Training",
    "testing": "duplicates within Testing",
    "testing_in_training": "Testing scans that Training holds",
    "kept": "scans left",
}


@dataclass(frozen=True)
class Counts(Settings):
    """The values of `conf/published/counts.yaml`, which explains them."""

    steps: dict[Step, int]
    classes: dict[str, PartCounts]


def compare_with_report(prepared: PreparedSet, counts: Counts | None) -> ReportComparison | None:
    """Compare the report's counts with ours; None where the report is not about these scans."""
    if counts is None:
        return None
    summary = prepared.summary
    measured = {"raw": summary["raw"], **summary["duplicates"], "kept": summary["kept"]}
    steps = [
        StepCount(_STEPS[step], number, measured[step]) for step, number in counts.steps.items()
    ]
    named = counts.classes
    by_total = {found.train + found.test: name for name, found in named.items()}
    rows = []
    for folder, kept in summary["classes"].items():
        name = by_total.get(kept)
        rows.append(
            FolderCounts(
                folder=folder,
                kept=kept,
                report_class=name,
                report_train=named[name].train if name else None,
                report_test=named[name].test if name else None,
                named_alike=named.get(folder),
            )
        )
    same = all(step.report == step.measured for step in steps)
    same = same and all(row.report_class is not None for row in rows)
    return ReportComparison(tuple(rows), tuple(steps), same)
