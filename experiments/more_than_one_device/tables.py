"""By how much runs of one process and of several differ.

Each folder holds the `metrics.csv` of a run, a row per epoch: of every two, the largest difference
over all epochs, in their losses and in accuracy, balanced accuracy and macro F1.
"""

from collections.abc import Sequence
from pathlib import Path

from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import Blocks, Findings
from experiments.kept_table import read_table

README = Path(__file__).with_name("README.md")
PARTS = {"train": "training", "val": "validation"}
LOSS, SCORES = ("loss",), ("accuracy", "balanced_accuracy", "macro_f1")
PAIRS = (
    ("double precision", "one", "two", "one process, or two"),
    ("float32", "one", "two", "one process, or two"),
    ("float32", "one", "one_2_threads", "one process of one thread, or of two"),
)


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    return {README: {"runs": to_markdown(differences_table(README.parent))}}


def differences_table(folder: Path) -> DataTable:
    """Lay out how far every pair of runs is apart.

    Args:
        folder: With a folder for each run.
    """
    rows = []
    for precision, one, other, what in PAIRS:
        prefix = precision.partition(" ")[0]
        mine, theirs = (folder / f"{prefix}_{name}" / "metrics.csv" for name in (one, other))
        found = [
            largest_difference(mine, theirs, part, names)
            for part in PARTS
            for names in (LOSS, SCORES)
        ]
        rows.append([precision, what, *(f"{value:.1e}" for value in found)])
    scored = [f"{part} {what}" for part in PARTS.values() for what in ("loss", "scores")]
    columns = ["", "runs", *scored]
    note = "Absolute, over all epochs; scores are accuracy, balanced accuracy and macro F1."
    return DataTable("largest difference", columns, rows, note, text_columns=2)


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
        for mine, theirs in zip(read_table(one), read_table(other), strict=True)
        for name in names
    )
