"""The classification report of one part, as the report's tables 1 to 4 give it."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.rendering.numbers import format_count, format_score
from brain_tumor.rendering.page import DataTable

COLUMNS = ("class", "precision", "recall", "F1", "scans")


def class_report(
    scores: Mapping[str, Any], title: str, intervals: Mapping[str, Any] | None = None
) -> DataTable:
    """Lay out the scores of each class, and of all together below.

    Args:
        scores: As `metrics.json` holds them for a part.
        title: What the table shows.
        intervals: Lower and upper end of the interval of each score: of `accuracy`,
            `balanced_accuracy` and `macro_f1`, and under `per_class` of each class's `precision`,
            `recall` and `f1`, None where there is none. Scores then have three decimals, as more
            would say nothing; without intervals they have four, as in the report.

    Returns:
        The columns are `COLUMNS`; the accuracy, which is precision, recall and F1 of all classes
        pooled, stands under F1.
    """
    named = scores["per_class"]
    decimals = 4 if intervals is None else 3
    rows = []
    for name, row in named.items():
        ends = {} if intervals is None else intervals["per_class"][name]
        cells = [_cell(row[key], ends.get(key), decimals) for key in ("precision", "recall", "f1")]
        rows.append([name, *cells, format_count(row["support"])])
    accuracy, balanced, macro = (
        _cell(scores[key], None if intervals is None else intervals[key], decimals)
        for key in ("accuracy", "balanced_accuracy", "macro_f1")
    )
    rows += [
        ["accuracy", "", "", accuracy, format_count(scores["scans"])],
        ["balanced accuracy", "", balanced, "", ""],
        ["macro F1", "", "", macro, ""],
    ]
    return DataTable(title, COLUMNS, rows, sections=[len(named)])


def _cell(value: float | None, ends: Sequence[float] | None, decimals: int) -> str:
    low, high = ends or (None, None)
    return format_score(value, low, high, decimals)
