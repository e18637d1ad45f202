"""Scores by the share of the training groups."""

import csv
from pathlib import Path

from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.metrics.uncertainty.significance import paired_bootstrap
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count_range,
    format_difference,
    format_interval,
    format_percent_range,
)
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import Blocks, Findings, over_seeds
from experiments.heads import each_seed, read_answers, together
from experiments.how_much_data.learning_curve import ANSWERS, PARTS, SHARES, SPLITS

README = Path(__file__).with_name("README.md")
SCORE = "balanced_accuracy"


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    return {README: {"shares": to_markdown(shares_table())}}


def shares_table() -> DataTable:
    """Lay out what heads score that were trained on some of the groups."""
    classes, answers = read_answers(ANSWERS)
    with PARTS.open(encoding="utf-8") as file:
        parts = list(csv.DictReader(file))
    rows = []
    for split in SPLITS:
        for share, before in zip(SHARES, (None, *SHARES), strict=False):
            own = together(answers, f"{split} {share}")
            scores = bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))
            gain = None
            if before is not None:
                less = together(answers, f"{split} {before}")
                gain = paired_bootstrap(less, own, len(classes))[SCORE]
            trained = [p for p in parts if (p["split"], p["share"]) == (split, str(share))]
            rows.append(
                [
                    split,
                    f"{share} %",
                    *(
                        format_count_range([int(part[kind]) for part in trained])
                        for kind in ("groups", "scans")
                    ),
                    format_percent_range([int(p["known"]) / int(p["test"]) for p in trained]),
                    format_interval(scores.overall[SCORE]),
                    over_seeds(each_seed(answers, f"{split} {share}")),
                    UNKNOWN if gain is None else format_difference(gain),
                    format_interval(scores.recalls[classes.index("meningioma")]),
                ]
            )
    columns = ["split", "share", "training groups", "training scans", "known from training"]
    columns += ["balanced accuracy", "its seeds", "more than the row above", "recall of meningioma"]
    note = (
        "Three seeds draw the groups and train the head; their answers stand together. In brackets "
        "95 % intervals over groups of test scans, and for the seeds the smallest and the largest. "
        "Known from training: test scans that share a group "
        "with a training scan."
    )
    return DataTable("Scores by the share of training groups", columns, rows, note, 2)
