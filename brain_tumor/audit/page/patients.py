"""The section on patients: who is known, and labels that contradict their source."""

from brain_tumor.audit.page.blocks import Sheets, scans_table
from brain_tumor.audit.results.audit import Audit
from brain_tumor.rendering.charts.contact_sheet import MAX_SCANS
from brain_tumor.rendering.numbers import format_count, format_counted
from brain_tumor.rendering.page import Block, DataTable, Notice, Paragraph, Section

# Name of the contact sheet.
CONTRADICTED = "contradicted"


def patients_section(audit: Audit, sheets: Sheets) -> Section:
    """Write the section on patients and labels."""
    patients = audit.patients
    anchor, title = "patients", "Patients and labels"
    if patients is None:
        why = "No table names the patients of this data, so nothing can be said about them."
        return Section(anchor, title, [Paragraph(why)])
    wrong = patients.contradicted
    blocks: list[Block] = [
        Paragraph(
            f"The patient is known for {format_counted(patients.scans, 'scan')}: "
            f"{format_counted(patients.slices, 'slice')} of "
            f"{format_counted(patients.patients, 'patient')}, who form "
            f"{format_counted(patients.groups, 'group')} where identifiers that may name one "
            f"person are joined. Source: {patients.source}."
        ),
        DataTable(
            "Kept scans whose patient is known",
            ["class", "known", "unknown", "patients"],
            [
                [name, *map(format_count, (row.known, row.unknown, row.patients))]
                for name, row in patients.per_class.items()
            ],
        ),
    ]
    if wrong:
        other = (
            "stands under another label than its"
            if len(wrong) == 1
            else ("stand under other labels than their")
        )
        blocks += [
            Notice("bad", f"{format_counted(len(wrong), 'scan')} {other} source."),
            scans_table(
                "Labels that contradict the source",
                ["scan", "label here", "label in the source", "slice"],
                [[scan.path, scan.label, scan.known_label, scan.slice] for scan in wrong],
                len(wrong),
                text_columns=3,
            ),
        ]
    else:
        blocks.append(Notice("good", "No label contradicts its source."))
    blocks += sheets.pictures(
        CONTRADICTED, "Scans whose label contradicts the source", len(wrong), MAX_SCANS
    )
    return Section(anchor, title, blocks)
