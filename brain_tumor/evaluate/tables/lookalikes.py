"""The independent look at a split, as terminal, page and card show it."""

from collections.abc import Sequence

from brain_tumor.metrics.leakage import LookalikeShare
from brain_tumor.rendering.numbers import format_percent, format_percent_range
from brain_tumor.rendering.page import DataTable

NOTE = (
    "Normalised correlation of the whole frames or of the heads, in any of eight orientations, of "
    "every test scan with every training scan. It is measured apart from the search that builds "
    "the groups. Two slices of different known patients reach 0.95 on the Kaggle set."
)

_TELLING = 0.95  # the level from which two scans of different patients are hardly found
_SOME = 0.005  # of the test scans: from here on the split may leak


def lookalikes_table(shares: Sequence[Sequence[LookalikeShare]], title: str) -> DataTable:
    """Lay out the share of test scans that look like a training scan.

    Of several splits, each at the same levels, each cell is the range.
    """
    levels = list(zip(*shares, strict=True))
    rows = {
        "all": [[one.all for one in level] for level in levels],
        **{
            label: [[one.per_class[label] for one in level] for level in levels]
            for label in shares[0][0].per_class
        },
        "known patients": [[one.known_patients for one in level] for level in levels],
        "unknown patients": [[one.unknown_patients for one in level] for level in levels],
    }
    columns = ["test scans", *(f"{level[0].level:g} or more" for level in levels)]
    cells = [[name, *map(format_percent_range, own)] for name, own in rows.items()]
    return DataTable(title, columns, cells, NOTE)


def lookalikes_warning(shares: Sequence[LookalikeShare], leaky: bool) -> str | None:
    """Warn where a split that should keep scans apart has training scans that look like test scans.

    A `leaky` split, as `report` is, is meant to.
    """
    share = next((one.all for one in shares if one.level == _TELLING), None)
    if leaky or not share or share <= _SOME:
        return None
    return (
        f"warning: {format_percent(share)} of the test scans look like a training scan "
        f"(correlation {_TELLING:g} or more), though the split keeps related scans apart. Look at "
        "them: python -m brain_tumor.audit"
    )
