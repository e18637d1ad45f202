"""Two stages beside one, over the same patient folds."""

from pathlib import Path

import numpy as np

from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.metrics.uncertainty.significance import GradedPredictions, paired_bootstrap
from brain_tumor.rendering.numbers import UNKNOWN, format_difference, format_interval
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import Blocks, Findings
from experiments.heads import read_answers, together
from experiments.how_much_data.shares import HEAD
from experiments.two_stages.stages import ANSWERS, HEALTHY, TWO_STAGES

README = Path(__file__).with_name("README.md")
FLAT = "patient 100"  # of `how_much_data`: the same recipe, folds and seeds


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    return {README: {"stages": to_markdown(stages_table())}}


def tumour_or_not(answers: GradedPredictions, healthy: int) -> GradedPredictions:
    """Give the same answers as 0 where they are healthy and 1 where they are a tumour."""
    labels, predicted = (
        (own != healthy).astype(np.int64) for own in (answers.labels, answers.predicted)
    )
    return GradedPredictions(labels, predicted, answers.groups)


def stages_table() -> DataTable:
    """Lay out the scores of one head and of two, and their difference."""
    classes, flat = read_answers(HEAD.answers)
    healthy = classes.index(HEALTHY)
    first, second = together(flat, FLAT), together(read_answers(ANSWERS)[1], TWO_STAGES)
    rows = []
    for name, own in (("one head", first), ("two stages", second)):
        scores = bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))
        two = tumour_or_not(own, healthy)
        detected = bootstrap_scores(two.labels, two.predicted, two.groups, 2)
        shown = [scores.overall["balanced_accuracy"], *scores.recalls]
        shown += [detected.recalls[1], detected.overall["accuracy"]]
        rows.append([name, *map(format_interval, shown)])
    gain = paired_bootstrap(first, second, len(classes))["balanced_accuracy"]
    one, other = (tumour_or_not(own, healthy) for own in (first, second))
    gained = paired_bootstrap(one, other, classes=2)["accuracy"]
    unpaired = [UNKNOWN] * (len(classes) + 1)
    rows.append(
        ["second less first", format_difference(gain), *unpaired, format_difference(gained)]
    )
    columns = ["way", "balanced accuracy", *(f"recall of {name}" for name in classes)]
    columns += ["tumours found", "tumour or not, accuracy"]
    note = (
        "Four patient folds, the answers of three seeds together; in brackets 95 % intervals over "
        "groups of scans, those of differences paired."
    )
    return DataTable("Two stages beside one head", columns, rows, note)
