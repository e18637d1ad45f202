"""Scores of each of several joined sets, part by part."""

from collections.abc import Mapping, Sequence

from brain_tumor.metrics.registry import label_scores
from brain_tumor.rendering.numbers import format_count, format_interval
from brain_tumor.rendering.page import DataTable
from brain_tumor.runs.results.by_source import SourceScores


def sources_table(
    parts: Mapping[str, Sequence[SourceScores]], classes: int, title: str, level: float
) -> DataTable:
    """Lay out the scores of each set, part by part; `classes` is the number of classes."""
    # What a set is judged by stands first: a narrow terminal leaves out the last columns.
    decisive, *others = sorted(label_scores(), key=lambda score: score.key != "balanced_accuracy")
    rows: list[list[str]] = []
    sections: list[int] = []
    incomplete = False
    for part, sets in parts.items():
        sections.append(len(rows))
        for one in sets:
            first, *cells = (format_interval(one.scores.get(s.key)) for s in (decisive, *others))
            rows.append([part, one.source, first, format_count(one.scans), *cells])
            incomplete |= len(one.present) < classes
    note = f"In brackets {100 * level:g} % intervals from groups of related scans, drawn again."
    if incomplete:
        note += (
            " Where a set lacks a class there is no accuracy, and balanced accuracy is the mean "
            "recall over the classes that it has."
        )
    columns = ["part", "set", decisive.title, "scans", *(score.title for score in others)]
    return DataTable(title, columns, rows, note, 2, sections[1:])
