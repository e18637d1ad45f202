"""Predictions of new scans as the terminal shows them."""

from collections.abc import Mapping, Sequence

from brain_tumor.rendering.foreign_text import visible
from brain_tumor.rendering.numbers import UNKNOWN, counted
from brain_tumor.rendering.page import DataTable

UNLIKE, UNSURE = "unlike the training scans", "unsure"
NOTICE = "For research, not for diagnosis."


def predictions_table(
    title: str,
    rows: Sequence[tuple[str, str, float, bool | None, bool | None, bool]],
    total: int,
    note: str,
) -> DataTable:
    """Lay out predictions.

    Args:
        title: What was asked.
        rows: Scan, class, its probability, whether a tumour is called, whether the scan is unlike
            those of training (None where this is not known), and whether the answer is unsure.
        total: How many predictions there are, which may be more.
        note: What a reader has to know.
    """
    cells = [
        [
            visible(scan),
            label,
            UNKNOWN if tumour is None else "yes" if tumour else "no",
            ", ".join([UNLIKE] * bool(strange) + [UNSURE] * unsure),
            f"{probability:.3f}",
        ]
        for scan, label, probability, tumour, strange, unsure in rows
    ]
    more = f"and {total - len(rows):,} more. " if total > len(rows) else ""
    columns = ("scan", "class", "tumour", "beware", "probability")
    return DataTable(title, columns, cells, more + note, text_columns=4)


def predictions_summary(
    counts: Mapping[str, int], strange: int | None, unsure: int, unusable: int
) -> str:
    """Count predictions in one line.

    Args:
        counts: Predictions of each class.
        strange: Those of scans unlike the training scans; None where this is not known.
        unsure: Those that are unsure.
        unusable: Files that could not be used.

    Example:
        >>> predictions_summary({"glioma": 2, "notumor": 1}, 0, 1, 0)
        '3 scans predicted: 2 glioma, 1 notumor; 0 unlike the training scans, 1 unsure'
    """
    classes = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    flags = [] if strange is None else [f"{strange:,} {UNLIKE}"]
    flags.append(f"{unsure:,} {UNSURE}")
    bad = f"; {counted(unusable, 'file')} could not be used" if unusable else ""
    return f"{counted(sum(counts.values()), 'scan')} predicted: {classes}; {', '.join(flags)}{bad}"
