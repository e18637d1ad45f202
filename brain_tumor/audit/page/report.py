"""The published report's counts beside those of the data, and whose names they carry."""

from collections.abc import Mapping
from typing import Any

from brain_tumor.audit.page.blocks import Audit
from brain_tumor.rendering.numbers import UNKNOWN, format_count
from brain_tumor.rendering.page import Block, DataTable, Notice, Paragraph, Section


def report_section(audit: Audit) -> Section:
    """Write the section on the report's counts."""
    report = audit["report"]
    anchor, title = "report", "The report's counts"
    if report is None:
        why = "The report is about other data, so its counts are not compared with these."
        return Section(anchor, title, [Paragraph(why)])
    rows = report["rows"]
    blocks: list[Block] = [
        Notice(
            "good" if report["same"] else "warning",
            "Every count of the report is found again."
            if report["same"]
            else "Not every count of the report is found again.",
        ),
        DataTable(
            "Steps of preparing",
            ["step", "report", "measured"],
            [
                [s["step"], format_count(s["report"]), format_count(s["measured"])]
                for s in report["steps"]
            ],
        ),
        DataTable(
            "Scans kept per folder, and the report's class with that many",
            [
                "folder",
                "report's class",
                "kept",
                "report, train",
                "report, test",
                "report under the folder's own name",
            ],
            [
                [
                    row["folder"],
                    row["report_class"] or UNKNOWN,
                    format_count(row["kept"]),
                    format_count(row["report_train"]),
                    format_count(row["report_test"]),
                    _sum(row["named_alike"]),
                ]
                for row in rows
            ],
            "The last column holds what the report gives, train + test, for the class that it "
            "names like the folder.",
            text_columns=2,
        ),
        *_names(rows),
    ]
    return Section(anchor, title, blocks)


def _names(rows: list[Mapping[str, Any]]) -> list[Block]:
    if not all(row["report_class"] for row in rows):
        unknown = (
            "Some folders hold other numbers of scans than any class of the report: whether its"
        )
        return [Notice("warning", f"{unknown} names fit these folders cannot be told.")]
    other = [row for row in rows if not _alike(row)]
    if not other:
        return [Notice("good", "The report's class names are those of the folders.")]
    each = "; ".join(
        f"what the report calls “{row['report_class']}” "
        f"({format_count(row['report_train'])} + {format_count(row['report_test'])}) is the folder "
        f"{row['folder']} ({format_count(row['kept'])})"
        for row in other
    )
    counts = [row["kept"] for row in rows]
    sure = (
        " No two folders hold the same number of scans, so each count can belong to one only."
        if len(set(counts)) == len(counts)
        else ""
    )
    return [
        Notice("bad", "The report's class names are permuted."),
        Paragraph(
            f"Its counts are those of other folders than it names: {each}.{sure} The "
            "likeliest cause is a list of names in one order, joined with folders listed in "
            "another. Everything that the report says "
            "of one of these classes, its recall too, holds for the folder beside that name."
        ),
    ]


def _alike(row: Mapping[str, Any]) -> bool:
    alike = row["named_alike"]
    return bool(
        alike and (alike["train"], alike["test"]) == (row["report_train"], row["report_test"])
    )


def _sum(counts: Mapping[str, int] | None) -> str:
    if not counts:
        return UNKNOWN
    train, test = counts["train"], counts["test"]
    return f"{format_count(train)} + {format_count(test)} = {format_count(train + test)}"
