"""The report's schedule under its split and over patients, for the transfer model."""

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
from brain_tumor.runs.finished import FinishedRun
from experiments.findings import Blocks, Findings, kept_runs, over_seeds
from experiments.heads import Line, each_seed, read_answers, together
from experiments.how_much_data.learning_curve import ANSWERS as SHORT_ANSWERS
from experiments.longer_over_patients.schedule import ANSWERS

README = Path(__file__).with_name("README.md")
SCORE = "balanced_accuracy"


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    return {README: {"schedule": to_markdown(schedule_table())}}


def trained_whole() -> list[FinishedRun]:
    """Give the transfer model's runs of `as_reported`."""
    runs = kept_runs("as_reported")
    return [run for run in runs if run.setting["model.name"] == "mobilenetv2"]


def schedule_table() -> DataTable:
    """Lay out what the head scores, beside the network trained whole and a shorter schedule."""
    classes, short = read_answers(SHORT_ANSWERS)
    answers = read_answers(ANSWERS)[1]
    test = {path for run in trained_whole() for path in run.predictions["test"].paths}

    def tested(line: Line) -> bool:
        return line["path"] in test

    same = read_answers(ANSWERS, tested)[1]
    ways = {
        "report, 200 epochs": (same, "report"),
        "patient, the same test scans": (same, "patient"),
        "patient, all scans": (answers, "patient"),
        "patient, all scans, 5 epochs at 5e-4": (short, "patient 100"),
    }
    rows = []
    for title, (given, name) in ways.items():
        own, seeds = together(given, name), each_seed(given, name)
        scores = bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))
        rows.append(
            [
                title,
                format_count(len(own.labels) // len(seeds)),
                format_interval(scores.overall["accuracy"]),
                format_interval(scores.overall[SCORE]),
                over_seeds(seeds),
                *map(format_interval, scores.recalls),
            ]
        )
    report, apart, every, few = (together(*way) for way in ways.values())
    lost = paired_bootstrap(report, apart, len(classes))
    gain = paired_bootstrap(few, every, len(classes))
    for name, difference in (
        ("patient less report, the same test scans", lost),
        ("patient, 200 epochs less 5", gain),
    ):
        both = (format_difference(difference[key]) for key in ("accuracy", SCORE))
        rows.append([name, "", *both, *[UNKNOWN] * (1 + len(classes))])
    columns = ["heads", "test scans", "accuracy", "balanced accuracy", "its seeds"]
    columns += [f"recall of {name}" for name in classes]
    note = (
        "The answers of three seeds together; in brackets 95 % intervals over groups of test "
        "scans, those of differences paired, and for the seeds the smallest and the largest."
    )
    return DataTable("The report's schedule, by split", columns, rows, note)
