"""How well views are classified, how many scans have each, and scores of kept runs by view."""

from pathlib import Path

import numpy as np

from brain_tumor.data.split import TEST
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.rendering.numbers import format_count, format_interval
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.finished import HEALTHY
from experiments.by_source.tables import Mask, SourcedAnswers, kept_settings
from experiments.by_view.classify import FOUND, VIEWS, judged
from experiments.findings import Blocks, Findings
from experiments.kept_table import Line, read_table

README = Path(__file__).with_name("README.md")
EXPERIMENTS = ("evidence", "harmonised", "best_patient")
AXIAL = VIEWS[0]
Lines = dict[str, Line]


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    lines = found_views()
    tables = {
        "judged": judged_table(lines),
        "views": views_table(lines),
        "scores": scores_table(lines),
    }
    return {README: {name: to_markdown(table) for name, table in tables.items()}}


def found_views() -> Lines:
    """Read the view of each kept scan, with its class and group, by path; it may be unclear."""
    return {line["path"]: line for line in read_table(FOUND)}


def judged_table(lines: Lines) -> DataTable:
    """Lay out the views that were judged by eye beside those of the classifier."""
    own = judged(TEST)
    labels = np.array([VIEWS.index(view) for view in own.values()])
    found = np.array([VIEWS.index(lines[path]["classified"]) for path in own])
    groups = np.array([int(lines[path]["group"]) for path in own])
    scores = bootstrap_scores(labels, found, groups, len(VIEWS))
    rows = []
    for number, view in enumerate(VIEWS):
        counts = np.bincount(found[labels == number], minlength=len(VIEWS))
        rows.append([view, *map(str, counts), format_interval(scores.recalls[number])])
    overall = scores.overall["accuracy"]
    rows.append(["all", *map(str, np.bincount(found)), format_interval(overall)])
    columns = ["judged by eye", *(f"classified as {view}" for view in VIEWS), "right"]
    note = (
        "The scans for testing; in brackets 95 % intervals over groups of scans. Where all are "
        "right, an interval has no width."
    )
    return DataTable("The classifier of views", columns, rows, note)


def views_table(lines: Lines) -> DataTable:
    """Lay out how many scans of each class have each view, and how far the view alone leads."""
    rows = []
    for name in sorted({line["label"] for line in lines.values()}):
        own = [line for line in lines.values() if line["label"] == name]
        cells = []
        for view in VIEWS:
            groups = [line["group"] for line in own if line["view"] == view]
            cells.append(f"{format_count(len(groups))} ({format_count(len(set(groups)))})")
        rows.append([name, *cells])
    found = view_alone(lines)
    note = (
        "In brackets the groups that they belong to; scans whose view is unclear are left out. A "
        "rule that calls axial scans healthy, and all others a tumour, is right "
        f"for {format_interval(found['healthy'])} of the healthy "
        f"scans and {format_interval(found['tumour'])} of the tumours, "
        f"{format_interval(found['both'])} on average."
    )
    return DataTable("Scans by view", ["class", *VIEWS], rows, note)


def view_alone(lines: Lines) -> dict[str, Interval]:
    """Score the rule that calls axial scans healthy, and all others a tumour."""
    clear = [line for line in lines.values() if line["view"] in VIEWS]
    labels = np.array([int(line["label"] != HEALTHY) for line in clear])
    answers = np.array([int(line["view"] != AXIAL) for line in clear])
    groups = np.array([int(line["group"]) for line in clear])
    scores = bootstrap_scores(labels, answers, groups, 2)
    found = dict(zip(("healthy", "tumour"), scores.recalls, strict=True))
    found["both"] = scores.overall["balanced_accuracy"]
    return {name: own for name, own in found.items() if own is not None}


def scores_table(lines: Lines) -> DataTable:
    """Lay out the scores of each setting in each view."""
    rows = []
    settings = patient_settings()
    for own in settings:
        for view in VIEWS:
            scans = of_view(own, lines, view)
            answers = own.answers
            scores = bootstrap_scores(
                answers.labels[scans],
                answers.predicted[scans],
                answers.groups[scans],
                len(own.classes),
            )
            cells = [scores.overall["balanced_accuracy"], *scores.recalls]
            rows.append([own.title, view, *map(format_interval, cells)])
    columns = ["runs", "view", "balanced accuracy", *settings[0].classes]
    note = (
        "Test scans of four patient folds. Balanced accuracy, and recall of each class; in "
        "brackets 95 % intervals over groups of scans. Of best_patient the answers of two seeds "
        "stand together."
    )
    return DataTable("Scores by view", columns, rows, note, 2)


def patient_settings() -> list[SourcedAnswers]:
    """Read what the kept runs over patients say that this page is about."""
    chosen = (one for one in kept_settings() if one.split == "patient")
    return [one for one in chosen if one.title.partition(":")[0] in EXPERIMENTS]


def of_view(own: SourcedAnswers, lines: Lines, view: str) -> Mask:
    """Tell which of a setting's answers are to scans of a view, `(N,)`."""
    return np.array([lines[path]["view"] == view for path in own.paths])
