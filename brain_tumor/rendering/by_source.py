"""Scores of each of several joined sets, part by part."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from brain_tumor.rendering.certainty import NamedScore, of_labels
from brain_tumor.rendering.numbers import format_count, format_score
from brain_tumor.rendering.page import DataTable


class Scored(Protocol):
    """Scores of a set; callers pass those of `metrics/uncertainty/by_source.py`."""

    @property
    def source(self) -> str:
        """The set's name."""
        ...

    @property
    def scans(self) -> int:
        """Number of scans."""
        ...

    @property
    def present(self) -> tuple[int, ...]:
        """Numbers of the classes that have scans."""
        ...

    @property
    def scores(self) -> Mapping[str, Any]:
        """Each score by key: `value`, `low` and `high`, or None."""
        ...


def sources_table(
    parts: Mapping[str, Sequence[Scored]],
    scores: Iterable[NamedScore],
    classes: int,
    title: str,
    level: float,
) -> DataTable:
    """Lay out the scores of each set.

    Args:
        parts: Scores of the sets, per part.
        scores: What scores are called.
        classes: Number of classes.
        title: What the table shows.
        level: How often an interval is to hold the truth, in [0, 1].
    """
    names = of_labels(scores)
    rows: list[list[str]] = []
    sections: list[int] = []
    incomplete = False
    for part, sets in parts.items():
        sections.append(len(rows))
        for one in sets:
            cells = [_cell(one.scores.get(key)) for key in names]
            rows.append([part, one.source, format_count(one.scans), *cells])
            incomplete |= len(one.present) < classes
    note = f"In brackets {100 * level:g} % intervals from groups of related scans, drawn again."
    if incomplete:
        note += (
            " Where a set lacks a class there is no accuracy, and balanced accuracy is the mean "
            "recall over the classes that it has."
        )
    return DataTable(title, ["part", "set", "scans", *names.values()], rows, note, 2, sections[1:])


def _cell(found: Any) -> str:
    return format_score(None) if found is None else format_score(found.value, found.low, found.high)
