"""Tables that lay the published report's tables 1 to 4 beside ours."""

from brain_tumor.compare.published import PublishedTable
from brain_tumor.metrics.registry import score_titles
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.rendering.numbers import UNKNOWN, format_interval, format_score
from brain_tumor.rendering.page import DataTable

_OF_CLASSES = {"precision": "precision", "recall": "recall", "f1": "F1"}
_PARTS = {"train": "training", "test": "test"}


def published_table(found: PublishedTable, setting: str, differences: bool = True) -> DataTable:
    """Lay one of the report's tables beside ours, under both sets of names, and the differences."""
    rows: list[list[str]] = []
    measures = score_titles() | _OF_CLASSES
    for row in found.rows:  # three for each class, then those over all
        rows.append(
            [
                row.label or "all classes",
                measures[row.measure],
                format_interval(row.ours),
                _digits(row.same_scans),
                _difference(row.ours, row.same_scans),
                "all" if row.label is None else found.names[row.label],
                _digits(row.same_name),
                _difference(row.ours, row.same_name),
            ]
        )
    for point in found.curve:
        theirs = f"{point.report:.4f}"
        away = UNKNOWN if point.ours is None else f"{point.ours - point.report:+.3f}"
        score = f"training accuracy, epoch {point.epoch}"
        ours = format_score(point.ours)
        rows.append(["all classes", score, ours, theirs, away, "all", theirs, away])
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
        f"Table {found.table} of the report ({_PARTS[found.part]} scans) beside {setting}",
        [columns[place] for place in places],
        [[row[place] for place in places] for row in rows],
        note(found),
        text_columns=2,
        sections=[3 * place for place in range(1, len(found.names) + 1)],
    )


def note(found: PublishedTable) -> str:
    """Say what the two sets of names are, and whether the scans are the same."""
    words = (
        "The report's class names are permuted: by their number, its rows belong to other folders "
        "than it names. “These scans” is its row with as many scans, under whatever name; “this "
        "name” its row of the same name, which is about other scans."
    )
    if found.names == {name: name for name in found.names}:
        words = "The report's class names are those of the folders."
    if not found.same_split:
        words += (
            " The report tested a random quarter of all scans, so its numbers are about another "
            "split than these."
        )
    return words


def _digits(value: float | None) -> str:
    # With as many digits as the report prints: two for a class, four for all.
    if value is None:
        return UNKNOWN
    return f"{value:.2f}" if round(value, 2) == value else f"{value:.4f}"


def _difference(ours: Interval | None, theirs: float | None) -> str:
    return UNKNOWN if ours is None or theirs is None else f"{ours.value - theirs:+.3f}"
