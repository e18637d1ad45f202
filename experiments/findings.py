"""What kept runs and the audit found, for the tables that pages of `experiments/` show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.audit.results.audit import Audit, ReportComparison
from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.page.calibration_tables import run_calibration_table
from brain_tumor.compare.published import Results
from brain_tumor.rendering.numbers import format_score
from brain_tumor.rendering.page import to_markdown
from brain_tumor.runs.finished import FinishedRun, read_run

HERE = Path(__file__).resolve().parent
FRONT, SUMMARY = HERE.parent / "README.md", HERE / "README.md"
CONCEPTS = HERE.parent / "docs" / "concepts"
TUTORIALS = HERE.parent / "docs" / "tutorials"
Blocks = dict[Path, dict[str, str]]  # of a page, by the name of the block: Markdown


@dataclass(frozen=True)
class Findings:
    """All that a table may be made of.

    Attributes:
        compared: An experiment's runs side by side, by its folder's name.
        published: The report's results by network.
        audit: The audit in `leakage/audit.json`.
    """

    compared: Mapping[str, Comparison]
    published: Mapping[str, Results]
    audit: Audit

    def weak_class(self) -> str:
        """Give the class of the report's least test recall, by the scans that it counts.

        The report calls that class by another's name: the audit finds the folder that has as many
        scans as its row.
        """
        named = [
            (found[1], name)
            for theirs in self.published.values()
            for name, found in theirs.test.per_class.items()
        ]
        return self._folder_of(min(named)[1])

    def published_recall(self, model: str, part: str, folder: str) -> float:
        """Give the report's recall of a folder's scans.

        Args:
            model: Our name of the network.
            part: `train` or `test`.
            folder: Of the class.
        """
        theirs = self.published[model]
        rows = {"train": theirs.train, "test": theirs.test}[part].per_class
        return {self._folder_of(name): float(found[1]) for name, found in rows.items()}[folder]

    def _folder_of(self, name: str) -> str:
        rows = report_counts(self.audit).rows
        return {row.report_class: row.folder for row in rows}[name]


def report_counts(audit: Audit) -> ReportComparison:
    """Give the report's counts beside those of the data, from an audit of the report's scans."""
    assert audit.report is not None, "the audit is of other data than the report's"
    return audit.report


def calibration_block(content: Comparison) -> str:
    """Write the calibration error of all folds together beside that of each, as Markdown.

    Args:
        content: Some setting has several runs.
    """
    table = run_calibration_table(content)
    assert table is not None, "no setting of several runs"
    return to_markdown(table)


def kept_runs(experiment: str) -> list[FinishedRun]:
    """Read what an experiment keeps, in the order of the folders' names."""
    return [read_run(place) for place in sorted((HERE / experiment / "runs").iterdir())]


def part_score(run: FinishedRun, part: str, label: str | None = None) -> float:
    """Give a trained network's accuracy on a part, or its recall of a class there."""
    assert run.metrics is not None, run.folder
    scores = run.metrics.parts[part]
    found = scores.scores["accuracy"] if label is None else scores.per_class[label].recall
    assert found is not None, f"{run.folder}: {part}"
    return found.value


def in_epoch(run: FinishedRun, epoch: int, kind: str) -> float:
    """Give what a run logged in an epoch.

    Args:
        run: One that scored this part in that epoch.
        epoch: From 1.
        kind: As in `metrics.csv`: `train/accuracy`, and cost in nats per scan as `train/loss`, are
            those while training, augmented and with dropout.
    """
    value = run.history[kind][run.history["epoch"].index(epoch)]
    assert value is not None, f"{run.folder}: {kind} of epoch {epoch}"
    return value


def over_seeds(values: Sequence[float], decimals: int = 3) -> str:
    """Write the mean of what several seeds gave; in brackets the smallest and the largest.

    >>> over_seeds([0.85, 0.86]), over_seeds([0.85])
    ('0.855 (0.850 to 0.860)', '0.850')
    """
    low, high = (min(values), max(values)) if len(values) > 1 else (None, None)
    return format_score(sum(values) / len(values), low, high, decimals)
