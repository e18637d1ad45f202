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
from experiments.heads import each_seed, of_seeds, read_answers, together
from experiments.how_much_data.shares import HEAD
from experiments.kept_table import Line
from experiments.longer_over_patients.schedule import ANSWERS
from experiments.seeds_and_groups import Term, sure_of
from experiments.which_is_better import better_table, both_networks

README = Path(__file__).with_name("README.md")
SCORE = "balanced_accuracy"


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    return {
        README: {
            "schedule": to_markdown(schedule_table()),
            "better": to_markdown(better_table(both_networks())),
        }
    }


def trained_whole() -> list[FinishedRun]:
    """Give the transfer model's runs of `as_reported`."""
    runs = kept_runs("as_reported")
    return [run for run in runs if run.setting["model.name"] == "mobilenetv2"]


def schedule_table() -> DataTable:
    """Lay out what the head scores, beside the network trained whole and a shorter schedule."""
    classes, short = read_answers(HEAD.answers)
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
    rows, number = [], len(classes)
    for title, (given, name) in ways.items():
        own, seeds = together(given, name), each_seed(given, name)
        scores = bootstrap_scores(own.labels, own.predicted, own.groups, number)
        rows.append(
            [
                title,
                format_count(len(own.labels) // len(seeds)),
                format_interval(scores.overall["accuracy"]),
                format_interval(scores.overall[SCORE]),
                over_seeds(seeds),
                format_interval(sure_of([Term(1.0, of_seeds(given, name))], number).over_both),
                *map(format_interval, scores.recalls),
            ]
        )
    report, apart, every, few = ways.values()
    for title, first, second in (
        ("patient less report, the same test scans", report, apart),
        ("patient, 200 epochs less 5", few, every),
    ):
        difference = paired_bootstrap(together(*first), together(*second), number)
        cells = [format_difference(difference[key]) for key in ("accuracy", SCORE)]
        terms = [Term(1.0, of_seeds(*second)), Term(-1.0, of_seeds(*first))]
        both = format_difference(sure_of(terms, number).over_both)
        rows.append([title, "", *cells, UNKNOWN, both, *[UNKNOWN] * number])
    columns = ["heads", "test scans", "accuracy", "balanced accuracy", "its seeds"]
    columns.append("over seeds and groups")
    columns += [f"recall of {name}" for name in classes]
    note = (
        "The answers of three seeds together; in brackets 95 % intervals over groups of test "
        "scans, those of differences paired, and for the seeds the smallest and the largest. Over "
        "seeds and groups: balanced accuracy again, both resampled together."
    )
    return DataTable("The report's schedule, by split", columns, rows, note)
