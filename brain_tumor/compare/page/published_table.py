"""Tables that lay the published report's tables 1 to 4 beside ours."""

from collections.abc import Mapping
from typing import Any

from brain_tumor.metrics.registry import score_titles
from brain_tumor.rendering.certainty import cell
from brain_tumor.rendering.numbers import UNKNOWN, format_score
from brain_tumor.rendering.page import DataTable

Values = Mapping[str, Any]

_OF_CLASSES = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
}
_PARTS = {"train": "training", "test": "test"}


def published_table(record: Values, setting: str, differences: bool = True) -> DataTable:
    """Lay one of the report's tables beside ours, under both sets of names.

    Args:
        record: An entry of `published` in `comparison.json`.
        setting: What the setting is called.
        differences: Whether to show ours less the report's; a terminal may be too narrow for it.
    """
    rows: list[list[str]] = []
    measures = score_titles() | _OF_CLASSES
    for row in record["rows"]:  # three for each class, then those over all
        name, ours = row["class"], row["ours"]
        rows.append(
            [
                name or "all classes",
                measures[row["measure"]],
                cell(ours),
                _told(row["same_scans"]),
                _difference(ours, row["same_scans"]),
                "all" if name is None else record["names"][name],
                _told(row["same_name"]),
                _difference(ours, row["same_name"]),
            ]
        )
    for point in record["curve"]:
        ours, theirs = point["ours"], point["report"]
        displayed = UNKNOWN if ours is None else format_score(ours)
        difference = UNKNOWN if ours is None else f"{ours - theirs:+.3f}"
        rows.append(
            [
                "all classes",
                f"training accuracy, epoch {point['epoch']}",
                *(displayed, f"{theirs:.4f}", difference, "all", f"{theirs:.4f}", difference),
            ]
        )
    columns = [
        "class",
        "score",
        "ours",
        "report:\nthese scans",
        "ours less\nthat",
        "report's\nname",
        "report:\nthis name",
        "ours less\nthat",
    ]
    places = tuple(range(len(columns))) if differences else (0, 1, 2, 3, 6)
    return DataTable(
        f"Table {record['table']} of the report ({_PARTS[record['part']]} scans) beside {setting}",
        [columns[place] for place in places],
        [[row[place] for place in places] for row in rows],
        note(record),
        text_columns=2,
        sections=[3 * place for place in range(1, len(record["names"]) + 1)],
    )


def note(record: Values) -> str:
    """Say what the two sets of names are, and whether the scans are the same."""
    words = (
        "The report's class names are permuted: by their number, its rows belong to other folders "
        "than it names. “These scans” is its row with as many scans, under whatever name; “this "
        "name” its row of the same name, which is about other scans."
    )
    if record["names"] == {name: name for name in record["names"]}:
        words = "The report's class names are those of the folders."
    if not record["same_split"]:
        words += (
            " The report tested a random quarter of all scans, so its numbers are about another "
            "split than these."
        )
    return words


def _told(value: float | None) -> str:
    # With as many digits as the report prints: two for a class, four for all.
    if value is None:
        return UNKNOWN
    return f"{value:.2f}" if round(value, 2) == value else f"{value:.4f}"


def _difference(ours: Values | None, theirs: float | None) -> str:
    return UNKNOWN if ours is None or theirs is None else f"{ours['value'] - theirs:+.3f}"
