"""The section on raw files: formats, sizes, class balance, oddities of single files."""

from collections.abc import Sequence

from brain_tumor.audit.page.blocks import Sheets, pictures, scans_table
from brain_tumor.audit.results.audit import Audit
from brain_tumor.audit.results.scans import ScanCount
from brain_tumor.rendering.charts.contact_sheet import MAX_SCANS
from brain_tumor.rendering.numbers import format_count, format_counted, format_percent
from brain_tumor.rendering.page import Block, DataTable, Heading, Notice, Paragraph, Section
from brain_tumor.rendering.tables import counts_table


def findings_table(audit: Audit) -> DataTable:
    """Count the files of each finding."""
    counts = {finding.title: finding.count for finding in audit.files.findings}
    return counts_table("Findings on single files", ["finding", "files"], counts)


def files_section(audit: Audit, sheets: Sheets) -> Section:
    """Write the section on the raw files."""
    files = audit.files
    dropped = files.raw - files.kept - files.unusable
    blocks: list[Block] = [
        Paragraph(
            f"{format_counted(files.raw, 'raw file')}: {format_count(files.kept)} kept, "
            f"{format_count(dropped)} "
            f"dropped as duplicates, {format_count(files.unusable)} not usable."
        )
    ]
    version = files.known_version
    if version is not None:
        blocks.append(Notice("good" if version.same else "warning", version.sentence))
    blocks += [
        _balance_table(audit),
        counts_table("File formats", ["format and mode", "files"], files.formats),
        counts_table(
            "Most common sizes",
            ["width x height, pixels", "files"],
            dict(files.sizes.most_common),
            f"{format_counted(files.sizes.distinct, 'distinct size')} in all.",
        ),
        findings_table(audit),
    ]
    for finding in files.findings:
        count, title = finding.count, format_counted(finding.count, "file")
        rows = [[file.path, file.detail] for file in finding.files]
        if count:
            blocks += [
                Heading(finding.title),
                Paragraph(finding.explanation),
                scans_table(title, ["file", "what was found"], rows, count, text_columns=2),
                *pictures(sheets, finding.id, finding.title, count, MAX_SCANS),
            ]
    return Section("files", "Files", blocks)


def _balance_table(audit: Audit) -> DataTable:
    balance = audit.files.balance
    columns = [f"{folder}, {count}".lstrip(", ") for folder in balance for count in ("raw", "kept")]
    several = len(balance) > 1  # of one folder the last column would be there twice

    def numbers(scans: Sequence[ScanCount]) -> list[int]:
        each = [count for one in scans for count in (one.raw, one.kept)]
        return [*each, sum(one.kept for one in scans)] if several else each

    counts = {
        name: numbers([folder.get(name, ScanCount(0, 0)) for folder in balance.values()])
        for name in audit.data.classes
    }
    sums = [sum(column) for column in zip(*counts.values(), strict=True)]
    rows = [
        [name, *map(format_count, row), format_percent(row[-1] / sums[-1] if sums[-1] else None)]
        for name, row in counts.items()
    ]
    rows.append(["all", *map(format_count, sums), ""])
    in_all = ["kept"] if several else []
    return DataTable(
        "Scans per class and folder", ["class", *columns, *in_all, "share of kept"], rows
    )
