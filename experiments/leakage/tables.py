"""Tables of leakage and of shortcuts, for this page and the project's."""

from collections.abc import Iterator
from pathlib import Path

from brain_tumor.audit.page.leakage import leakage_table, lookalike_tables, split_leakages
from brain_tumor.audit.page.shortcuts import ACCURACY, BALANCED, shortcut_table
from brain_tumor.audit.results.audit import Audit
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import CONCEPTS, Blocks, Findings

README = Path(__file__).with_name("README.md")
OVER_PATIENTS = "patient"


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    accuracy = list(_scores(found.audit, ACCURACY))
    balanced = list(_scores(found.audit, BALANCED))
    splits = split_leakages(found.audit.leakage)
    alike = [
        table
        for split in splits
        if split.split == OVER_PATIENTS
        for table in lookalike_tables([split])
    ]
    shared = to_markdown(leakage_table(splits))
    lookalikes = "\n\n".join(map(to_markdown, alike))
    return {
        README: {
            "scores": "\n\n".join(map(to_markdown, [*accuracy, *balanced])),
            "shared": f"{shared}\n\n{lookalikes}",
        },
        CONCEPTS / "leakage.md": {
            "shared": f"{shared}\n\n{lookalikes}",
            "classes": to_markdown(accuracy[0]),
            "healthy": to_markdown(accuracy[1]),
        },
    }


def _scores(audit: Audit, measure: str) -> Iterator[DataTable]:
    """Lay out the scores of classifiers, by task, in the order of the audit."""
    entries = audit.shortcuts
    for task in dict.fromkeys(entry.task for entry in entries):
        yield shortcut_table(entries, task, measure)
