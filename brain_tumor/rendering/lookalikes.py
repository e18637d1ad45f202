"""The independent look at a split, as terminal, page and card show it."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.rendering.numbers import format_percent, format_percent_range
from brain_tumor.rendering.page import DataTable

Values = Mapping[str, Any]

NOTE = (
    "Normalised correlation of the whole frames or of the heads, in any of eight orientations, of "
    "every test scan with every training scan. It is measured apart from the search that builds "
    "the groups. Two slices of different known patients reach 0.95 on the Kaggle set."
)

_TELLING = 0.95  # the level from which two scans of different patients are hardly found
_SOME = 0.005  # of the test scans: from here on the split may leak


def lookalikes_table(records: Sequence[Sequence[Values]], title: str) -> DataTable:
    """Lay out the share of test scans that look like a training scan.

    Args:
        records: `lookalikes` of one or more splits, at the same levels; of several, each cell is
            the range.
        title: What they are of.
    """
    levels = list(zip(*records, strict=True))
    shares = {
        "all": [[one["all"] for one in level] for level in levels],
        **{
            label: [[one["per_class"][label] for one in level] for level in levels]
            for label in records[0][0]["per_class"]
        },
        "known patients": [[one["known_patients"] for one in level] for level in levels],
        "unknown patients": [[one["unknown_patients"] for one in level] for level in levels],
    }
    columns = ["test scans", *(f"{level[0]['level']:g} or more" for level in levels)]
    rows = [[name, *map(format_percent_range, own)] for name, own in shares.items()]
    return DataTable(title, columns, rows, NOTE)


def lookalikes_warning(record: Sequence[Values], leaky: bool) -> str | None:
    """Warn where a split that should keep scans apart has training scans that look like test scans.

    Args:
        record: `lookalikes` of the split.
        leaky: Whether the split is meant to leak, as `report` is.
    """
    share = next((one["all"] for one in record if one["level"] == _TELLING), None)
    if leaky or not share or share <= _SOME:
        return None
    return (
        f"warning: {format_percent(share)} of the test scans look like a training scan "
        "(correlation "
        f"{_TELLING:g} or more), though the split keeps related scans apart. Look at them: "
        "python -m brain_tumor.audit"
    )
