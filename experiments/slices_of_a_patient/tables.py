"""Plain means beside attention over a patient's slices."""

from pathlib import Path

from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.metrics.uncertainty.significance import paired_bootstrap
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count,
    format_difference,
    format_interval,
)
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import Blocks, Findings
from experiments.heads import read_answers, together
from experiments.kept_table import Line
from experiments.slices_of_a_patient.several_slices import ANSWERS, WAYS

README = Path(__file__).with_name("README.md")
SCORE = "balanced_accuracy"
PLAIN = ("mean of answers", "mean of features")  # the second is trained on units, as attention is


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    return {README: {"ways": to_markdown(ways_table())}}


def known(line: Line) -> bool:
    """Tell whether the patient of a unit is known."""
    return bool(line["patient"])


def ways_table() -> DataTable:
    """Lay out what each way scores, and how far it is ahead of either plain mean."""
    rows = []
    for which, wanted in (("all units", bool), ("known patients", known)):
        classes, answers = read_answers(ANSWERS, wanted)
        means = [together(answers, name) for name in PLAIN]
        for name in WAYS:
            own = together(answers, name)
            scores = bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))
            ahead = [
                UNKNOWN
                if name in PLAIN[: PLAIN.index(other) + 1]
                else format_difference(paired_bootstrap(mean, own, len(classes))[SCORE])
                for other, mean in zip(PLAIN, means, strict=True)
            ]
            units = len(own.labels) // sum(column.startswith(name) for column in answers)
            rows.append(
                [
                    which,
                    name,
                    format_count(units),
                    format_interval(scores.overall[SCORE]),
                    *ahead,
                    *map(format_interval, scores.recalls),
                ]
            )
    columns = ["scored", "way", "units", "balanced accuracy"]
    columns += [f"ahead of the {name}" for name in PLAIN]
    columns += [f"recall of {name}" for name in classes]
    note = (
        "Four patient folds, the answers of three seeds together; each unit counts once a seed, "
        "however many slices it has. In brackets 95 % intervals over groups, those of differences "
        "paired. No patient of notumor is known: balanced accuracy of known patients is the mean "
        "recall of the three tumours, which may also be called notumor."
    )
    return DataTable("One answer for the slices of a patient", columns, rows, note, 2)
