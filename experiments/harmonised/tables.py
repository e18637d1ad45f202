"""What the trained networks lose without the shortcuts."""

from pathlib import Path

from brain_tumor.rendering.certainty import cell
from brain_tumor.rendering.numbers import UNKNOWN
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.rendering.pairs import difference
from experiments.findings import Blocks, Findings, Values
from experiments.statements import NAMES

README = Path(__file__).with_name("README.md")
SCANS = ("as prepared", "harmonised")


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    table = harmonised_table(found.compared["harmonised"])
    return {README: {"harmonised": to_markdown(table)}}


def harmonised_table(content: Values) -> DataTable:
    """Lay out what trained networks score on scans without the shortcuts, and with them."""
    settings = content["settings"]
    numbers = {(own["model"], own["values"]["name"]): n for n, own in enumerate(settings, start=1)}
    ahead = {(pair["first"], pair["second"]): pair["differences"] for pair in content["pairs"]}
    rows = []
    for model, network in NAMES.items():
        both = (numbers[model, "evidence"], numbers[model, "harmonised"])
        message = difference(ahead[both]["balanced_accuracy"])
        for number, scans, lost in zip(both, SCANS, (UNKNOWN, message), strict=True):
            own = settings[number - 1]
            intervals, tumour = own["pooled"]["intervals"], own["confidence"]["tumour"]
            found = [intervals["balanced_accuracy"], tumour["sensitivity"], tumour["specificity"]]
            rows.append([network, scans, *map(cell, found), lost])
    columns = ["network", "scans", "balanced accuracy", "sensitivity", "specificity", "paired"]
    note = (
        "Test scans of four folds; in brackets 95 % intervals over groups of scans. Sensitivity "
        "and specificity are those of a tumour, at a probability of one half. Paired: balanced "
        "accuracy, harmonised less as prepared, on the same scans."
    )
    return DataTable("With the shortcuts, and without", columns, rows, note, 2)
