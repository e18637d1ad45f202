"""The classification report of one part, as the report's tables 1 to 4 give it."""

from collections.abc import Mapping

from brain_tumor.metrics.registry import label_scores
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.rendering.numbers import format_count, format_interval, format_score
from brain_tumor.rendering.page import DataTable
from brain_tumor.runs.results.scores import Intervals, ScoredClass

COLUMNS = ("class", "precision", "recall", "F1", "scans")


def class_report(
    per_class: Mapping[str, ScoredClass],
    scores: Intervals,
    scans: int,
    title: str,
    intervals: bool = False,
) -> DataTable:
    """Lay out the scores of each class, and of all together below.

    The columns are `COLUMNS`; the accuracy, which is precision, recall and F1 of all classes
    pooled, stands under F1, and so do other scores but the mean recall. With intervals scores have
    three decimals, as more would say nothing; without they have four, as in the report.
    """

    def cell(found: Interval | None) -> str:
        if intervals or found is None:
            return format_interval(found)
        return format_score(found.value, decimals=4)

    rows = [
        [name, cell(own.precision), cell(own.recall), cell(own.f1), format_count(own.support)]
        for name, own in per_class.items()
    ]
    for score in label_scores():
        key, found = score.key, cell(scores.get(score.key))
        last = format_count(scans) if key == "accuracy" else ""
        cells = ["", found, ""] if key == "balanced_accuracy" else ["", "", found]
        rows.append([score.title, *cells, last])
    return DataTable(title, COLUMNS, rows, sections=[len(per_class)])
