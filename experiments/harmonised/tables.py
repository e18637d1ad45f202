"""What the trained networks lose without the shortcuts."""

from pathlib import Path

from brain_tumor.compare.comparison import Comparison
from brain_tumor.rendering.numbers import UNKNOWN, format_difference, format_interval
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import Blocks, Findings
from experiments.statements import NAMES

README = Path(__file__).with_name("README.md")
SCANS = ("as prepared", "harmonised")


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    table = harmonised_table(found.compared["harmonised"])
    return {README: {"harmonised": to_markdown(table)}}


def harmonised_table(content: Comparison) -> DataTable:
    """Lay out what trained networks score on scans without the shortcuts, and with them."""
    settings = {(own.model, own.values["name"]): own for own in content.settings}
    ahead = {(pair.first, pair.second): pair.differences for pair in content.pairs}
    rows = []
    for model, network in NAMES.items():
        both = [settings[model, name] for name in ("evidence", "harmonised")]
        message = format_difference(ahead[both[0].number, both[1].number]["balanced_accuracy"])
        for own, scans, lost in zip(both, SCANS, (UNKNOWN, message), strict=True):
            balanced = own.pooled.intervals.overall["balanced_accuracy"]
            tumour = own.confidence.tumour
            assert tumour is not None, "the runs have a healthy class"
            found = [balanced, tumour.sensitivity, tumour.specificity]
            rows.append([network, scans, *map(format_interval, found), lost])
    columns = ["network", "scans", "balanced accuracy", "sensitivity", "specificity", "paired"]
    note = (
        "Test scans of four folds; in brackets 95 % intervals over groups of scans. Sensitivity "
        "and specificity are those of a tumour, at a probability of one half. Paired: balanced "
        "accuracy, harmonised less as prepared, on the same scans."
    )
    return DataTable("With the shortcuts, and without", columns, rows, note, 2)
