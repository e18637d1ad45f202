"""The section on patients: who is known, and labels that contradict their source."""

from brain_tumor.audit.page.blocks import Sheets, pictures, scans_table
from brain_tumor.audit.results.audit import Audit
from brain_tumor.rendering.charts.contact_sheet import MAX_SCANS
from brain_tumor.rendering.numbers import format_count, format_counted
from brain_tumor.rendering.page import Block, DataTable, Notice, Paragraph, Section

# Name of the contact sheet.
CONTRADICTED = "contradicted"


def patients_section(audit: Audit, sheets: Sheets) -> Section:
    """Write the section on patients and labels."""
    patients = audit.patients
    section = "patients", "Patients and labels"
    if patients is None:
        why = "No table names the patients of this data, so nothing can be said about them."
        return Section(*section, [Paragraph(why)])
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
        one, many = "stands under another label than its", "stand under other labels than their"
        stand = f"{format_counted(len(wrong), 'scan')} {one if len(wrong) == 1 else many} source."
        columns = ["scan", "label here", "label in the source", "slice"]
        rows = [[scan.path, scan.label, scan.known_label, scan.slice] for scan in wrong]
        title = "Labels that contradict the source"
        blocks += [Notice("bad", stand), scans_table(title, columns, rows, len(rows), 3)]
    else:
        blocks.append(Notice("good", "No label contradicts its source."))
    blocks += pictures(
        sheets, CONTRADICTED, "Scans whose label contradicts the source", len(wrong), MAX_SCANS
    )
    return Section(*section, blocks)
