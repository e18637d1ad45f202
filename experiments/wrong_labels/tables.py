"""Where the labels that are known to be wrong rank."""

import csv
from pathlib import Path

from brain_tumor.rendering.numbers import format_count
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import Blocks, Findings
from experiments.wrong_labels.rank import KNOWN, NEIGHBOURS

README = Path(__file__).with_name("README.md")
RULES = {
    "transfer model": "confident learning, frozen features",
    "best_patient": "confident learning, best_patient",
    "neighbours": f"{NEIGHBOURS} nearest of other groups",
    "own group": "others of its group",
}


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    return {README: {"ranks": to_markdown(ranks_table())}}


def ranks_table() -> DataTable:
    """Lay out the rank of each of these labels by each rule."""
    with KNOWN.open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    rows = [
        [line["path"], line["label"], line["published"]]
        + [format_count(int(line[rule])) for rule in RULES]
        for line in lines
    ]
    note = (
        "Rank among all 6,589 kept scans, 1 the most suspect. Published: what the Figshare set "
        "calls the slice."
    )
    columns = ["scan", "label here", "published", *RULES.values()]
    return DataTable("Ranks of the known wrong labels", columns, rows, note, 3)
