"""Where the labels that are known to be wrong rank."""

from collections import Counter
from pathlib import Path

from brain_tumor.rendering.numbers import format_count
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import Blocks, Findings
from experiments.kept_table import read_table
from experiments.wrong_labels.rank import FIRST, KNOWN, NEIGHBOURS, OWN_GROUP, SHOWN

README = Path(__file__).with_name("README.md")
RULES = {
    "transfer model": "confident learning, frozen features",
    "best_patient": "confident learning, best_patient",
    "neighbours": f"{NEIGHBOURS} nearest of other groups",
    OWN_GROUP: "others of its group",
}


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    tables = {"ranks": ranks_table(), "suspects": suspects_table()}
    return {README: {name: to_markdown(table) for name, table in tables.items()}}


def ranks_table() -> DataTable:
    """Lay out the rank of each of these labels by each rule."""
    rows = [
        [line["path"], line["label"], line["published"]]
        + [format_count(int(line[rule])) for rule in RULES]
        for line in read_table(KNOWN)
    ]
    note = (
        "Rank among all 6,589 kept scans, 1 the most suspect. Published: what the Figshare set "
        "calls the slice."
    )
    columns = ["scan", "label here", "published", *RULES.values()]
    return DataTable("Ranks of the known wrong labels", columns, rows, note, 3)


def suspects_table() -> DataTable:
    """Lay out what the published table says of the scans that each rule suspects most."""
    lines = read_table(FIRST)
    classes = sorted({line["label"] for line in lines})
    rows = []
    for rule in (rule for rule in RULES if rule != OWN_GROUP):
        own = [line for line in lines if int(line[rule]) <= SHOWN]
        counts = [sum(line["label"] == name for line in own) for name in classes]
        same = sum(line["published"] == line["label"] for line in own)
        unknown = sum(not line["published"] for line in own)
        most = max(Counter(line["patient"] for line in own if line["patient"]).values())
        found = (*counts, same, len(own) - same - unknown, unknown, most)
        rows.append([RULES[rule], *map(str, found)])
    columns = ["rule", *classes, "published alike", "published otherwise", "not published"]
    columns.append("of one patient")
    note = (
        f"Of the {SHOWN} scans that a rule suspects most: their labels, what the Figshare set "
        "calls these slices, and how many are of the patient who has most of them."
    )
    return DataTable("The most suspect scans", columns, rows, note)
