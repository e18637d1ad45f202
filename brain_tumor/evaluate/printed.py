"""What an evaluation prints: its verdict and the test part's classes; every table if asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import TEST
from brain_tumor.evaluate.external import account_for_files
from brain_tumor.evaluate.fit_out_of_distribution import ood_sentence
from brain_tumor.evaluate.tables.by_patient import patients_table
from brain_tumor.evaluate.tables.by_source import sources_table
from brain_tumor.evaluate.tables.certainty import absent_sentences, certainty_table, gaps
from brain_tumor.evaluate.tables.class_report import class_report
from brain_tumor.evaluate.tables.verdict import foreign_sentence, verdict
from brain_tumor.rendering.page import DataTable
from brain_tumor.rendering.tables import external_table
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.by_source import SourceScores
from brain_tumor.runs.results.metrics import FlaggedShares, Metrics

Sources = Mapping[str, Sequence[SourceScores]]  # scores of each of several joined sets, per part


@dataclass(frozen=True)
class Printer:
    """Prints scores.

    Attributes:
        console: Where to.
        title: Network and checkpoint.
        verbose: Whether every table is printed.
        drawn: Whether the network was trained on phantoms.
    """

    console: Console
    title: str
    verbose: bool
    drawn: bool

    def scores(self, metrics: Metrics, sources: Sources, flagged: FlaggedShares | None) -> None:
        """Print the verdict on a run, then its tables; nothing of `flagged` where not known."""
        self._verdict(metrics)
        self._tables(metrics, sources)
        if self.verbose and flagged is not None:
            self.line(ood_sentence(flagged))

    def foreign(
        self,
        metrics: Metrics,
        out: RunFolder,
        foreign: ScanDataModule,
        place: str,
        unlike: str | None,
    ) -> None:
        """Print what became of the scans of another origin, the verdict, then the tables.

        Puts `seen.csv` into `out`. `unlike` says how many scans are out of distribution.
        """
        account_for_files(out, foreign, self.line)
        self._verdict(metrics)
        if self.verbose:
            self.table(external_table(foreign.prepared.summary, place))
        else:
            self.console.print(foreign_sentence(metrics), markup=False)
        if unlike is not None:
            self.console.print(unlike)
        self._tables(metrics, {})

    def written(self, out: RunFolder, names: Sequence[str]) -> None:
        """Print which of these files there are."""
        self.line(f"written in {out.path}:")
        self.line(f"  {', '.join(name for name in names if (out.path / name).exists())}")

    def line(self, text: str) -> None:
        """Print a line that may hold paths, as it is."""
        self.console.print(text, soft_wrap=True, markup=False)  # a path may hold [brackets]

    def table(self, table: DataTable) -> None:
        """Print a table."""
        self.console.print(to_rich(table, self.console.width))

    def _verdict(self, metrics: Metrics) -> None:
        for line in verdict(metrics, self.drawn):
            self.console.print(line, markup=False)

    def _tables(self, metrics: Metrics, sources: Sources) -> None:
        for table in score_tables(metrics, self.title, sources, self.verbose):
            self.table(table)
        for sentence in gaps(metrics) if self.verbose else absent_sentences(metrics):
            self.console.print(sentence)


def score_tables(metrics: Metrics, title: str, sources: Sources, verbose: bool) -> list[DataTable]:
    """Lay out the classes of the test part; of every part, with intervals, if asked for."""
    test, level = metrics.parts[TEST], metrics.bootstrap.level
    tables = [
        class_report(part.per_class, part.scores, part.scans, f"{name}: {title}")
        for name, part in metrics.parts.items()
        if verbose or name == TEST
    ]
    if verbose:
        tables.append(certainty_table({TEST: test}, f"how sure: {title}", level))
    if verbose and test.patients is not None:
        tables.append(patients_table(test.patients, f"by patient: {title}", level))
    displayed = {part: own for part, own in sources.items() if verbose or part == TEST}
    if displayed:
        tables.append(sources_table(displayed, len(test.classes), f"by set: {title}", level))
    return tables
