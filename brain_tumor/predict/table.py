"""Predictions of new scans as the terminal shows them."""

from collections.abc import Mapping, Sequence

from brain_tumor.predict.predictions import Prediction
from brain_tumor.rendering.foreign_text import visible
from brain_tumor.rendering.numbers import UNKNOWN, format_counted, format_score
from brain_tumor.rendering.page import DataTable

OUT_OF_DISTRIBUTION, LOW_CONFIDENCE = "out of distribution", "low confidence"
NOTICE = "For research, not for diagnosis."


def flags_of(prediction: Prediction) -> list[str]:
    """Name the warnings of a prediction."""
    flags = [OUT_OF_DISTRIBUTION] * bool(prediction.out_of_distribution)
    return flags + [LOW_CONFIDENCE] * prediction.low_confidence


def predictions_table(
    model: str, place: str, predictions: Sequence[Prediction], total: int, note: str
) -> DataTable:
    """Lay out the first of `total` predictions of scans in a folder, which may be empty text."""
    cells = [
        {
            "scan": visible(str(one.source).removeprefix(place)),
            "class": one.label,
            "tumour": UNKNOWN if one.tumour is None else "yes" if one.tumour else "no",
            "warning": ", ".join(flags_of(one)),
            "P(class)": f"{one.confidence:.3f}",
            "P(tumour)": format_score(one.tumour_probability),
        }
        for one in predictions
    ]
    columns = ["scan", "class", "tumour", "warning", "P(class)", "P(tumour)"]
    if all(one.tumour is None for one in predictions):  # no class is healthy
        columns = [name for name in columns if "tumour" not in name]
    more = f"and {total - len(cells):,} more. " if total > len(cells) else ""
    shown = [[row[name] for name in columns] for row in cells]
    title = f"{model}: scans of {place}" if place else model
    return DataTable(title, columns, shown, more + note, columns.index("P(class)"))


def parted_sentence(healthy: str, threshold: float) -> str:
    """Explain why a tumour is called of a scan whose likeliest class is the healthy one."""
    return (
        f"{healthy} beside tumour yes: {healthy} is likelier than any one tumour, but all tumours "
        f"together, P(tumour), reach the operating point of {threshold:.3f}: the call is tumour."
    )


def predictions_summary(
    counts: Mapping[str, int], out_of_distribution: int | None, low_confidence: int, unusable: int
) -> str:
    """Count predictions of each class in one line, with those that are flagged, and bad files.

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
