"""The section on the counts of the published report, and on its class names."""

from collections.abc import Sequence

from brain_tumor.audit.results.audit import FolderCounts, PartCounts, ReportComparison
from brain_tumor.rendering.numbers import UNKNOWN, format_count
from brain_tumor.rendering.page import Block, DataTable, Notice, Paragraph, Section


def report_section(report: ReportComparison) -> Section:
    """Write the section on the report's counts."""
    rows = report.rows
    blocks: list[Block] = [
        Notice("good", "Every count of the report is found again.")
        if report.same
        else Notice("warning", "Not every count of the report is found again."),
        DataTable(
            "Steps of preparing",
            ["step", "report", "measured"],
            [
                [step.step, format_count(step.report), format_count(step.measured)]
                for step in report.steps
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
                    *(row.folder, row.report_class or UNKNOWN),
                    *map(format_count, (row.kept, row.report_train, row.report_test)),
                    _sum(row.named_alike),
                ]
                for row in rows
            ],
            "The last column holds what the report gives, train + test, for the class that it "
            "names like the folder.",
            text_columns=2,
        ),
        *_names(rows),
    ]
    return Section("report", "The report's counts", blocks)


def _names(rows: Sequence[FolderCounts]) -> list[Block]:
    if not all(row.report_class for row in rows):
        unknown = (
            "Some folders hold other numbers of scans than any class of the report: whether its"
        )
        return [Notice("warning", f"{unknown} names fit these folders cannot be told.")]
    differing = [row for row in rows if not _alike(row)]
    if not differing:
        return [Notice("good", "The report's class names are those of the folders.")]
    each = "; ".join(
        f"what the report calls “{row.report_class}” ({format_count(row.report_train)} + "
        f"{format_count(row.report_test)}) is the folder {row.folder} ({format_count(row.kept)})"
        for row in differing
    )
    counts = [row.kept for row in rows]
    unique = (
        " No two folders hold the same number of scans, so each count can belong to one only."
        if len(set(counts)) == len(counts)
        else ""
    )
    return [
        Notice("bad", "The report's class names are permuted."),
        Paragraph(
            f"Its counts are those of other folders than it names: {each}.{unique} The "
            "likeliest cause is a list of names in one order, joined with folders listed in "
            "another. Everything that the report says "
            "of one of these classes, its recall too, holds for the folder beside that name."
        ),
    ]


def _alike(row: FolderCounts) -> bool:
    alike = row.named_alike
    return alike is not None and (alike.train, alike.test) == (row.report_train, row.report_test)


def _sum(counts: PartCounts | None) -> str:
    if counts is None:
        return UNKNOWN
    total = counts.train + counts.test
    return f"{format_count(counts.train)} + {format_count(counts.test)} = {format_count(total)}"
