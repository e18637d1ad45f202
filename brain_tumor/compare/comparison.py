"""A comparison: what was found out about runs, and audits, side by side; and the file of it."""

from dataclasses import dataclass
from typing import Any

from brain_tumor.compare.audits import ComparedAudit
from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.paired_tests import DifferentScans, PairedTest
from brain_tumor.compare.published import PublishedTable
from brain_tumor.metrics.uncertainty.bootstrap import Resampling
from brain_tumor.runs.provenance import Provenance
from brain_tumor.runs.results.json_file import JsonFile


@dataclass(frozen=True)
class Comparison:
    """The content of `comparison.json`.

    Attributes:
        made: What made the comparison.
        settings: The runs, by setting.
        differing: Pairs of settings that were not tested on the same scans.
        pairs: The other pairs, tested against each other.
        published: The report's tables beside the settings that they are about.
        audit_split: Name of the split that shortcuts are shown under.
    """

    made: Provenance
    bootstrap: Resampling
    settings: tuple[PooledRunGroup, ...]
    differing: tuple[DifferentScans, ...]
    pairs: tuple[PairedTest, ...]
    published: tuple[PublishedTable, ...]
    audit_split: str
    audits: tuple[ComparedAudit, ...]

    def title(self, number: int) -> str:
        """Give the title of a setting by its number, from 1."""
        return self.settings[number - 1].title

    @property
    def different_healthy(self) -> str:
        """Say that tumour scores are about different scans; empty where they are not.

        A run is scored by the healthy class that it was trained with, so they can differ.
        """
        named = [(one.title, sorted(one.healthy)) for one in self.settings if one.healthy]
        if len({name for _, names in named for name in names}) < 2:
            return ""
        said = "; ".join(f"“{title}”: {' and '.join(names)}" for title, names in named)
        return (
            f"The runs have different classes without a tumour ({said}), so sensitivity and "
            "specificity for a tumour cannot be compared. evaluation.healthy=CLASS scores all by "
            "one."
        )


def _upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the first format also had: what settings got wrong."""
    content.pop("shared_errors", None)
    for setting in content["settings"]:
        setting.pop("mistakes", None)
    return content


COMPARISON = JsonFile(
    "comparison.json",
    Comparison,
    version=2,
    upgrade=_upgrade,
    checked=False,
    again="compare the runs again",
)
