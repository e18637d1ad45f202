"""What an evaluation prints: its verdict and the test part's classes; every table if asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from brain_tumor.data.split import TEST
from brain_tumor.evaluate.fit_out_of_distribution import ood_sentence
from brain_tumor.evaluate.tables.by_source import sources_table
from brain_tumor.evaluate.tables.certainty import absent_sentences, gaps
from brain_tumor.evaluate.tables.score_tables import score_tables
from brain_tumor.evaluate.tables.verdict import foreign_sentence, verdict, verdict_table
from brain_tumor.metrics.uncertainty.by_source import SourceScores
from brain_tumor.rendering.page import DataTable
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.runs.results.metrics import FlaggedShares, Metrics


@dataclass(frozen=True)
class Printed:
    """How scores are printed.

    Attributes:
        title: Network and checkpoint.
        verbose: Whether every table is.
        drawn: Whether the network was trained on phantoms.
    """

    title: str
    verbose: bool
    drawn: bool = False


def print_scores(
    console: Console,
    printed: Printed,
    metrics: Metrics,
    sources: Mapping[str, Sequence[SourceScores]],
    flagged: FlaggedShares | None,
) -> None:
    """Print the verdict on a run, then its tables.

    Args:
        console: Where to.
        printed: How.
        metrics: The scores.
        sources: Scores of each of several joined sets, per part.
        flagged: How many scans are out of distribution; None where that is not known.
    """
    for line in verdict(metrics, printed.drawn):
        console.print(line, markup=False)
    _print_tables(console, printed, metrics, sources)
    if printed.verbose and flagged is not None:
        console.print(ood_sentence(flagged), soft_wrap=True)


def print_foreign(
    console: Console,
    printed: Printed,
    metrics: Metrics,
    scans: DataTable,
    unlike: str | None,
) -> None:
    """Print the verdict on scans of another origin, then the tables.

    Args:
        console: Where to.
        printed: How.
        metrics: The scores.
        scans: What became of the scans.
        unlike: How many of them are out of distribution, in a sentence; None says nothing of it.
    """
    for line in verdict(metrics, printed.drawn):
        console.print(line, markup=False)
    if printed.verbose:
        console.print(to_rich(scans, console.width))
    else:
        console.print(foreign_sentence(metrics), markup=False)
    if unlike is not None:
        console.print(unlike)
    _print_tables(console, printed, metrics, {})


def print_line(console: Console, text: str) -> None:
    """Print a line that may hold paths, as it is."""
    console.print(text, soft_wrap=True, markup=False)  # a path may hold [brackets]


def _print_tables(
    console: Console,
    printed: Printed,
    metrics: Metrics,
    sources: Mapping[str, Sequence[SourceScores]],
) -> None:
    if printed.verbose:
        for table in score_tables(metrics, printed.title, sources):
            console.print(to_rich(table, console.width))
    else:
        console.print(to_rich(verdict_table(metrics, printed.title), console.width))
        if TEST in sources:
            by_set = {TEST: sources[TEST]}
            classes, level = len(metrics.parts[TEST].classes), metrics.bootstrap.level
            table = sources_table(by_set, classes, f"by set: {printed.title}", level)
            console.print(to_rich(table, console.width))
    for sentence in gaps(metrics) if printed.verbose else absent_sentences(metrics):
        console.print(sentence)
