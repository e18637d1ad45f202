"""Views: how well they are told, which scans have them, and scores of kept runs by view."""

import csv
import gzip
from pathlib import Path

import numpy as np

from brain_tumor.data.split import TEST
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_interval
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.finished import HEALTHY
from experiments.by_source.tables import Mask, SourcedAnswers, kept_settings
from experiments.by_view.classify import FOUND, VIEWS, judged
from experiments.findings import Blocks, Findings

README = Path(__file__).with_name("README.md")
EXPERIMENTS = ("evidence", "harmonised", "best_patient")
AXIAL = VIEWS[0]
Lines = dict[str, dict[str, str]]


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    lines = found_views()
    tables = {
        "judged": judged_table(lines),
        "views": views_table(lines),
        "recalls": recalls_table(lines),
    }
    return {README: {name: to_markdown(table) for name, table in tables.items()}}


def found_views() -> Lines:
    """Read the view of each kept scan, with its class and group, by path."""
    with gzip.open(FOUND, "rt", encoding="utf-8", newline="") as file:
        return {line["path"]: line for line in csv.DictReader(file)}


def judged_table(lines: Lines) -> DataTable:
    """Lay out the views that were judged by eye beside those that the classifier gives."""
    own = judged(TEST)
    labels = np.array([VIEWS.index(view) for view in own.values()])
    told = np.array([VIEWS.index(lines[path]["view"]) for path in own])
    groups = np.array([int(lines[path]["group"]) for path in own])
    scores = bootstrap_scores(labels, told, groups, len(VIEWS))
    rows = []
    for number, view in enumerate(VIEWS):
        counts = np.bincount(told[labels == number], minlength=len(VIEWS))
        rows.append([view, *map(str, counts), format_interval(scores.recalls[number])])
    overall = scores.overall["accuracy"]
    rows.append(["all", *map(str, np.bincount(told)), format_interval(overall)])
    columns = ["judged by eye", *(f"told {view}" for view in VIEWS), "told rightly"]
    note = "The scans for testing; in brackets 95 % intervals over groups of scans."
    return DataTable("The classifier of views", columns, rows, note)


def views_table(lines: Lines) -> DataTable:
    """Lay out how many scans of each class have each view, and what the view alone tells."""
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
        "In brackets the groups that they belong to. A rule that calls axial scans healthy, and "
        f"all others a tumour, is right for {format_interval(found['healthy'])} of the healthy "
        f"scans and {format_interval(found['tumour'])} of the tumours, "
        f"{format_interval(found['both'])} on average."
    )
    return DataTable("Scans by view", ["class", *VIEWS], rows, note)


def view_alone(lines: Lines) -> dict[str, Interval]:
    """Score the rule that calls axial scans healthy, and all others a tumour."""
    labels, told = (
        np.array([int(own) for own in cells])
        for cells in (
            [line["label"] != HEALTHY for line in lines.values()],
            [line["view"] != AXIAL for line in lines.values()],
        )
    )
    groups = np.array([int(line["group"]) for line in lines.values()])
    scores = bootstrap_scores(labels, told, groups, 2)
    found = dict(zip(("healthy", "tumour"), scores.recalls, strict=True))
    found["both"] = scores.overall["balanced_accuracy"]
    return {name: own for name, own in found.items() if own is not None}


def recalls_table(lines: Lines) -> DataTable:
    """Lay out the recall of each class in each view."""
    rows = []
    settings = patient_settings()
    for own in settings:
        for view in VIEWS:
            scans = of_view(own, lines, view)
            cells = [own.share(own.of(name) & scans, name) for name in own.classes]
            rows.append([own.title, view, *map(format_interval, cells)])
    columns = ["runs", "view", *settings[0].classes]
    note = (
        f"Four patient folds; in brackets 95 % intervals over groups of scans; {UNKNOWN} where "
        "there is no scan."
    )
    return DataTable("Recall by view", columns, rows, note, 2)


def patient_settings() -> list[SourcedAnswers]:
    """Read what the kept runs over patients say that this page is about."""
    chosen = (one for one in kept_settings() if one.split == "patient")
    return [one for one in chosen if one.title.partition(":")[0] in EXPERIMENTS]


def of_view(own: SourcedAnswers, lines: Lines, view: str) -> Mask:
    """Tell which of a setting's answers are to scans of a view, `(N,)`."""
    return np.array([lines[path]["view"] == view for path in own.paths])
