"""Write the table of this folder's README from the runs kept here.

    python experiments/more_than_one_device/tables.py

Each folder holds the `metrics.csv` of a run, a row per epoch. The table goes into the README
between the lines `<!-- runs -->` and `<!-- end of runs -->`: by how much every pair of runs differs
at most, over all epochs, in its losses and in accuracy, balanced accuracy and macro F1.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from brain_tumor.report.blocks import filled_block
from brain_tumor.report.page import DataTable, to_markdown

HERE = Path(__file__).parent
README = HERE / "README.md"
PARTS = {"train": "training", "val": "validation"}
LOSS, SCORES = ("loss",), ("accuracy", "balanced_accuracy", "macro_f1")
PAIRS = (
    ("double precision", "one", "two", "one process, or two"),
    ("float32", "one", "two", "one process, or two"),
    ("float32", "one", "one_2_threads", "one process of one thread, or of two"),
)


def largest_difference(one: Path, other: Path, part: str, names: Sequence[str]) -> float:
    """Give the largest absolute difference between two runs in what a part scored.

    Args:
        one: `metrics.csv` of a run.
        other: That of another with as many epochs.
        part: `train` or `val`.
        names: Of the scores to look at.
    """
    return max(
        abs(float(mine[f"{part}/{name}"]) - float(theirs[f"{part}/{name}"]))
        for mine, theirs in zip(_rows(one), _rows(other), strict=True)
        for name in names
    )


def filled() -> str:
    """Give the README with its table."""
    rows = []
    for precision, one, other, what in PAIRS:
        prefix = precision.partition(" ")[0]
        files = [HERE / f"{prefix}_{name}" / "metrics.csv" for name in (one, other)]
        found = [
            largest_difference(*files, part, names) for part in PARTS for names in (LOSS, SCORES)
        ]
        rows.append([precision, what, *(f"{value:.1e}" for value in found)])
    scored = [f"{part} {what}" for part in PARTS.values() for what in ("loss", "scores")]
    columns = ["", "runs", *scored]
    note = "Absolute, over all epochs; scores are accuracy, balanced accuracy and macro F1."
    laid = DataTable("largest difference", columns, rows, note, text_columns=2)
    return filled_block(README.read_text(encoding="utf-8"), "runs", to_markdown(laid))


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


if __name__ == "__main__":
    README.write_text(filled(), encoding="utf-8")
