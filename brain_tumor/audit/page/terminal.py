"""What an audit prints: whether a score on these scans can be trusted, then one table."""

from brain_tumor.audit.page.leakage import leakage_table, split_leakages
from brain_tumor.audit.page.page import audit_summary
from brain_tumor.audit.page.shortcuts import shortcut_notices
from brain_tumor.audit.results.audit import Audit
from brain_tumor.rendering.numbers import format_count, format_counted
from brain_tumor.rendering.page import DataTable


def further_lines(audit: Audit) -> list[str]:
    """Say how well a classifier does that does not look at the brain, and count the files."""
    said = [notice.text for notice in shortcut_notices(audit.shortcuts)]
    wrong = len(audit.patients.contradicted) if audit.patients else 0
    if wrong:
        said.append(f"{format_counted(wrong, 'label')} contradict the source of the scans.")
    files, clusters = audit.files, format_count(audit.near.clusters)
    return [
        *said,
        f"{format_counted(files.raw, 'raw file')}, {format_count(files.kept)} kept without exact "
        f"copies; counting near-duplicates once, {clusters} different scans.",
    ]


def decisive_tables(audit: Audit, verbose: bool) -> list[DataTable]:
    """Lay out what test and training scans share under each split; all tables if asked for."""
    return audit_summary(audit) if verbose else [leakage_table(split_leakages(audit.leakage))]
