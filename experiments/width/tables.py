"""Accuracy by the width of the fully connected layer."""

from pathlib import Path

from brain_tumor.compare.comparison import Comparison
from brain_tumor.rendering.numbers import format_count, format_interval, format_score
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import Blocks, Findings
from experiments.statements import known

README = Path(__file__).with_name("README.md")
HEADS = {"flatten": "flattened", "gap": "averaged"}


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    return {README: {"training": to_markdown(widths_table(found.compared["width"]))}}


def widths_table(content: Comparison) -> DataTable:
    """Lay out what training scored in the last epoch, and the test part, by head and width."""
    rows = []
    for setting in content.settings:
        reached = [run.training_accuracy or 0.0 for run in setting.runs]
        cost, train = setting.complexity, setting.train
        assert cost is not None and train is not None, "the width runs have both"
        rows.append(
            [
                HEADS[setting.values["model.head"]],
                str(setting.values["model.width"]),
                format_count(cost.parameters),
                format_score(sum(reached) / len(reached)),  # as the report's statement is judged
                format_score(known(train.overall["accuracy"]).value),
                format_interval(setting.pooled.intervals.overall["accuracy"]),
            ]
        )
    columns = ["in front", "neurons", "parameters", "while training", "training scans"]
    rows.sort(key=lambda row: (list(HEADS.values()).index(row[0]), -int(row[1])))
    note = (
        "In front of the fully connected layer: all values of the last maps, or their means. "
        "Accuracy: in the last epoch with augmentation and dropout, as the report takes it; then "
        "of the trained network."
    )
    return DataTable("Accuracy by width", [*columns, "test scans"], rows, note)
