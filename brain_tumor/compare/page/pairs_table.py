"""Which of two settings is better on the same scans, and whether that is luck."""

from brain_tumor.compare.comparison import Comparison
from brain_tumor.metrics.registry import label_scores
from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_difference
from brain_tumor.rendering.page import DataTable


def pairs_tables(comparison: Comparison) -> list[DataTable]:
    """Lay the paired tests out, a row for each two settings; no table where there are none."""
    rows = []
    for pair in comparison.pairs:
        found = pair.mcnemar
        cells = [UNKNOWN] * 4
        if found is not None:
            counts = (found.only_first_right, found.only_second_right)
            cells = [*map(format_count, counts), p_value(found.p_value), p_value(found.p_holm)]
        differences = (
            format_difference(pair.differences.get(score.key)) for score in label_scores()
        )
        titles = comparison.title(pair.first), comparison.title(pair.second)
        rows.append([*titles, *differences, *cells])
    if not rows:
        return []
    table = DataTable(
        "Second setting less first, on the same scans",
        [
            "first",
            "second",
            *(score.title for score in label_scores()),
            "only first right",
            "only second right",
            "p, McNemar",
            "p, Holm",
        ],
        rows,
        f"In brackets {100 * comparison.bootstrap.level:g} % intervals from groups of scans drawn "
        "again for both. McNemar's exact test asks whether the scans that only one of the two "
        "gets right are as often the one's as the other's; it takes scans as independent, so with "
        "several scans per patient its p is too small: where the two disagree, believe the "
        "interval. It needs one prediction for each scan, so settings of several seeds have none. "
        "Holm's p is McNemar's, corrected for all McNemar tests of this table; the intervals are "
        "not corrected: each holds for one comparison fixed beforehand. How much another training "
        "would change is in none of them.",
        text_columns=2,
    )
    return [table]


def p_value(p: float) -> str:
    """Write a p-value with two digits that count.

    >>> p_value(0.0312), p_value(0.5), p_value(1e-9)
    ('0.031', '0.50', '<0.0001')
    """
    if p < 1e-4:
        return "<0.0001"
    return f"{p:.2f}" if p >= 0.1 else f"{p:.2g}"
