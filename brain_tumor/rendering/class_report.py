"""The classification report of one part, as the report's tables 1 to 4 give it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from brain_tumor.rendering.certainty import NamedScore, of_labels
from brain_tumor.rendering.numbers import format_count, format_score
from brain_tumor.rendering.page import DataTable

COLUMNS = ("class", "precision", "recall", "F1", "scans")


def class_report(
    scores: Mapping[str, Any],
    names: Iterable[NamedScore],
    title: str,
    intervals: Mapping[str, Any] | None = None,
) -> DataTable:
    """Lay out the scores of each class, and of all together below.

    Args:
        scores: As `metrics.json` holds them for a part.
        names: Which scores there are; those of labels stand below the classes.
        title: What the table shows.
        intervals: Lower and upper end of the interval of each score: of each of labels by its key,
            and under `per_class` of each class's `precision`, `recall` and `f1`, None where there
            is none. Scores then have three decimals, as more would say nothing; without intervals
            they have four, as in the report.

    Returns:
        The columns are `COLUMNS`; the accuracy, which is precision, recall and F1 of all classes
        pooled, stands under F1, and so do other scores but the mean recall.
    """
    named = scores["per_class"]
    decimals = 4 if intervals is None else 3
    rows = []
    for name, row in named.items():
        ends = {} if intervals is None else intervals["per_class"][name]
        cells = [_cell(row[key], ends.get(key), decimals) for key in ("precision", "recall", "f1")]
        rows.append([name, *cells, format_count(row["support"])])
    for key, name in of_labels(names).items():
        # A file of an earlier version has none of a score that is younger.
        displayed = _cell(scores.get(key), (intervals or {}).get(key), decimals)
        row = [name, "", displayed, ""] if key == "balanced_accuracy" else [name, "", "", displayed]
        rows.append([*row, format_count(scores["scans"]) if key == "accuracy" else ""])
    return DataTable(title, COLUMNS, rows, sections=[len(named)])


def _cell(value: float | None, ends: Sequence[float] | None, decimals: int) -> str:
    low, high = ends or (None, None)
    return format_score(value, low, high, decimals)
