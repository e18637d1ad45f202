"""Where the numbers of a comparison come from: the scans, what leaks, and what made each run."""

from collections.abc import Callable, Sequence
from typing import Any

from brain_tumor.compare.compared import ComparedRun, PooledRunGroup
from brain_tumor.compare.comparison import Comparison
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count,
    format_count_range,
    format_percent_range,
    format_score,
)
from brain_tumor.rendering.page import Block, DataTable, Paragraph, Section

# What is told of each run: what it is called, and how it is read.
_OF_RUN: dict[str, Callable[[ComparedRun], Any]] = {
    "folder": lambda run: run.folder,
    "fold": lambda run: run.fold,
    "seed": lambda run: run.seed,
    "seed of the split": lambda run: run.split_seed,
    "epochs": lambda run: run.epochs,
    "temperature": lambda run: _three(run.temperature),
    "called a tumour from": lambda run: _three(run.threshold),
    "started": lambda run: run.record.started,
    "seconds": lambda run: None if run.record.seconds is None else f"{run.record.seconds:,.0f}",
    "device": lambda run: run.record.device,
    "threads": lambda run: run.record.threads,
    "machine": lambda run: run.record.machine or None,
    "git commit": lambda run: run.record.git,
    "fingerprint of the data": lambda run: run.record.data.fingerprint,
    "versions": lambda run: (
        ", ".join(f"{name} {one}" for name, one in run.record.versions.items() if one) or None
    ),
    "command": lambda run: " ".join(run.record.command) or None,
}


def data_section(comparison: Comparison) -> Section:
    """Write the section on scans and leakage."""
    settings = comparison.settings
    classes = list(dict.fromkeys(name for setting in settings for name in setting.class_totals))
    fingerprints = (
        ", ".join(dict.fromkeys(run.record.data.fingerprint[:12] for run in setting.runs))
        for setting in settings
    )
    rows = [
        ["fingerprint of the data", *fingerprints],
        *(
            [f"scans of {name}, all parts"]
            + [format_count(setting.class_totals.get(name)) for setting in settings]
            for name in classes
        ),
        ["test scans, all runs", *(format_count(setting.pooled.scans) for setting in settings)],
        ["groups of test scans", *(format_count(setting.pooled.groups) for setting in settings)],
    ]
    blocks: list[Block] = [
        Paragraph(
            "A group is what belongs together: scans of one patient, copies of one slice, "
            "related scans. Intervals resample groups, not scans."
        ),
        DataTable("Scans", ["what", *(setting.title for setting in settings)], rows),
        shared_table(settings),
    ]
    return Section("data", "Data and leakage", blocks)


def shared_table(settings: Sequence[PooledRunGroup]) -> DataTable:
    """Lay out what the test scans of each setting share with those it was trained on."""
    every = [setting.leakage for setting in settings]
    shared = dict.fromkeys(
        kind for leaks in every for leak in leaks or () for kind in leak.overlaps
    )
    rows = [
        ["scans trained or validated on"]
        + [format_count_range([one.train for one in own]) if own else UNKNOWN for own in every]
    ]
    for kind in shared:
        found = ([one.overlaps.get(kind) for one in leaks or ()] for leaks in every)
        shares = ([one.share_of_all for one in own if one is not None] for own in found)
        rows.append([kind, *map(format_percent_range, shares)])
    note = (
        "Shares of the test scans, from the smallest to the largest over folds and seeds. Scans "
        "whose slice or patient is not known count as sharing none, so these are lower bounds."
    )
    if None in every:
        note += (
            " A dash: the run was evaluated by an older version; "
            "`python -m brain_tumor.evaluate run=RUN` writes it down."
        )
    title = "Test scans that share something with a scan trained on"
    return DataTable(title, ["shared", *(setting.title for setting in settings)], rows, note)


def provenance_section(comparison: Comparison) -> Section:
    """Write the section on what made the runs, and this page."""
    made = comparison.made
    versions = [
        ["command", " ".join(made.command)],
        ["git commit", made.git or UNKNOWN],
        ["machine", made.machine],
        *([name, found or UNKNOWN] for name, found in made.versions.items()),
    ]
    blocks: list[Block] = [
        Paragraph(
            "Everything on this page is in comparison.json beside it. Each run's folder holds its "
            "whole configuration, its split, every prediction and its checkpoints."
        ),
        *map(_runs, comparison.settings),
        DataTable("This page", ["what", "value"], versions, text_columns=2),
    ]
    return Section("made", "How this was made", blocks)


def _runs(setting: PooledRunGroup) -> DataTable:
    rows = []
    for name, of in _OF_RUN.items():
        values = map(of, setting.runs)
        rows.append([name, *(UNKNOWN if value is None else str(value) for value in values)])
    columns = ["what", *(f"run {number}" for number in range(1, len(setting.runs) + 1))]
    return DataTable(setting.title, columns, rows, text_columns=len(columns))


def _three(value: float | None) -> str | None:
    return None if value is None else format_score(value)
