"""Compare the counts of the published report with those of a prepared set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from omegaconf import DictConfig

from brain_tumor.audit.results.report import (
    FolderCounts,
    PartCounts,
    ReportComparison,
    StepCount,
)
from brain_tumor.config.arguments import check_arguments
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.errors import ConfigError, suggest

_STEPS = {
    "raw": "raw scans",
    "training": "duplicates within Training",
    "testing": "duplicates within Testing",
    "testing_in_training": "Testing scans that Training holds",
    "kept": "scans left",
}


@dataclass(frozen=True)
class Counts:
    """The values of `conf/published/counts.yaml`, which explains them."""

    steps: dict[str, int]
    classes: dict[str, dict[Literal["train", "test"], int]]


def check_report(counts: Mapping[str, Any] | None, key: str = "data.report") -> None:
    """Check configured counts of the report.

    Args:
        counts: As in `conf/published/counts.yaml`; None where there are none.
        key: Their place in the configuration.

    Raises:
        ConfigError: They have another form.
    """
    if counts is None:
        return
    check_arguments(Counts, counts, key)
    for step in counts["steps"]:
        if step not in _STEPS:
            raise ConfigError(f"{key}.steps.{step} is unknown: {suggest(step, _STEPS)}")
    for name, found in counts["classes"].items():
        if set(found) != {"train", "test"}:
            raise ConfigError(f"{key}.classes.{name} must have train and test: {found}")


def compare_with_report(
    prepared: PreparedSet, counts: DictConfig | None
) -> ReportComparison | None:
    """Compare the report's counts with ours; None where the report is not about these scans.

    Args:
        prepared: The prepared set.
        counts: `steps` and, per class as the report names it, `train` and `test`.
    """
    if counts is None:
        return None
    summary = prepared.summary
    measured = {"raw": summary["raw"], **summary["duplicates"], "kept": summary["kept"]}
    steps = [
        StepCount(_STEPS[step], number, measured[step]) for step, number in counts.steps.items()
    ]
    named = {
        str(name): PartCounts(int(found["train"]), int(found["test"]))
        for name, found in counts.classes.items()
    }
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
