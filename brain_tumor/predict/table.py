"""Predictions of new scans as the terminal shows them."""

from collections.abc import Mapping, Sequence

from brain_tumor.rendering.foreign_text import visible
from brain_tumor.rendering.numbers import UNKNOWN, format_counted, format_score
from brain_tumor.rendering.page import DataTable

OUT_OF_DISTRIBUTION, LOW_CONFIDENCE = "out of distribution", "low confidence"
NOTICE = "For research, not for diagnosis."


def predictions_table(
    title: str,
    rows: Sequence[tuple[str, str, float, bool | None, float | None, bool | None, bool]],
    total: int,
    note: str,
) -> DataTable:
    """Lay out predictions.

    Args:
        title: What was asked.
        rows: Scan, class, its probability, whether a tumour is called, the probability of one,
            whether the scan is unlike those of training (None where these are not known), and
            whether its confidence is low.
        total: How many predictions there are, which may be more.
        note: What a reader has to know.
    """
    cells = [
        {
            "scan": visible(scan),
            "class": label,
            "tumour": UNKNOWN if tumour is None else "yes" if tumour else "no",
            "warning": ", ".join([OUT_OF_DISTRIBUTION] * bool(flagged) + [LOW_CONFIDENCE] * low),
            "P(class)": f"{probability:.3f}",
            "P(tumour)": format_score(likely),
        }
        for scan, label, probability, tumour, likely, flagged, low in rows
    ]
    columns = ["scan", "class", "tumour", "warning", "P(class)", "P(tumour)"]
    if all(row[3] is None for row in rows):  # no class is healthy, so no tumour is called
        columns = [name for name in columns if "tumour" not in name]
    more = f"and {total - len(rows):,} more. " if total > len(rows) else ""
    shown = [[row[name] for name in columns] for row in cells]
    return DataTable(title, columns, shown, more + note, columns.index("P(class)"))


def parted_sentence(healthy: str, threshold: float) -> str:
    """Explain why a tumour is called of a scan whose likeliest class is the healthy one.

    Args:
        healthy: That class.
        threshold: The tumour probability from which one is called.
    """
    return (
        f"{healthy} beside tumour yes: {healthy} is likelier than any one tumour, but all tumours "
        f"together, P(tumour), reach the operating point of {threshold:.3f}: the call is tumour."
    )


def predictions_summary(
    counts: Mapping[str, int], out_of_distribution: int | None, low_confidence: int, unusable: int
) -> str:
    """Count predictions in one line.

    Args:
        counts: Predictions of each class.
        out_of_distribution: Those of scans unlike the training scans; None where this is not known.
        low_confidence: Those of low confidence.
        unusable: Files that could not be used.

    Example:
        >>> predictions_summary({"glioma": 2, "notumor": 1}, 0, 1, 0)
        '3 scans predicted: 2 glioma, 1 notumor; 0 out of distribution, 1 low confidence'
    """
    classes = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    flags = (
        [] if out_of_distribution is None else [f"{out_of_distribution:,} {OUT_OF_DISTRIBUTION}"]
    )
    flags.append(f"{low_confidence:,} {LOW_CONFIDENCE}")
    bad = f"; {format_counted(unusable, 'file')} could not be used" if unusable else ""
    scans = format_counted(sum(counts.values()), "scan")
    return f"{scans} predicted: {classes}; {', '.join(flags)}{bad}"
