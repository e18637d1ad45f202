"""Where the numbers of a comparison come from: the scans, what leaks, and what made each run."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count,
    format_count_range,
    format_percent_range,
    format_score,
)
from brain_tumor.rendering.page import Block, DataTable, Paragraph, Section

Values = Mapping[str, Any]


def data_section(content: Values, titles: Sequence[str]) -> Section:
    """Write the section on scans and leakage."""
    settings = content["settings"]
    classes = list(dict.fromkeys(name for setting in settings for name in setting["class_totals"]))
    fingerprints = [
        ", ".join(dict.fromkeys(run["made"]["fingerprint"][:12] for run in setting["runs"]))
        for setting in settings
    ]
    rows = [
        ["fingerprint of the data", *fingerprints],
        *(
            [
                f"scans of {name}, all parts",
                *(format_count(s["class_totals"].get(name)) for s in settings),
            ]
            for name in classes
        ),
        [
            "test scans, all runs",
            *(format_count(setting["pooled"]["scans"]) for setting in settings),
        ],
        [
            "groups of test scans",
            *(format_count(setting["pooled"]["groups"]) for setting in settings),
        ],
    ]
    blocks: list[Block] = [
        Paragraph(
            "A group is what belongs together: scans of one patient, copies of one slice, "
            "related scans. Intervals resample groups, not scans."
        ),
        DataTable("Scans", ["what", *titles], rows),
        shared_table(settings, titles),
    ]
    return Section("data", "Data and leakage", blocks)


def shared_table(settings: Sequence[Values], titles: Sequence[str]) -> DataTable:
    """Lay out what the test scans of each setting share with those it was trained on.

    Args:
        settings: As `comparison.json` holds them.
        titles: What each is called.
    """
    types = list(
        dict.fromkeys(
            kind
            for setting in settings
            for leak in setting["leakage"] or ()
            for kind in leak["overlaps"]
        )
    )
    trained = [
        UNKNOWN
        if setting["leakage"] is None
        else format_count_range([leak["train"] for leak in setting["leakage"]])
        for setting in settings
    ]
    rows = [["scans trained or validated on", *trained]]
    for kind in types:
        rows.append(
            [
                kind,
                *(
                    UNKNOWN
                    if setting["leakage"] is None
                    else format_percent_range(
                        [
                            leak["overlaps"].get(kind, {}).get("share_of_all")
                            for leak in setting["leakage"]
                        ]
                    )
                    for setting in settings
                ),
            ]
        )
    note = (
        "Shares of the test scans, from the smallest to the largest over folds and seeds. Scans "
        "whose slice or patient is not known count as sharing none, so these are lower bounds."
    )
    if any(setting["leakage"] is None for setting in settings):
        note += (
            " A dash: the run was evaluated by an older version; "
            "`python -m brain_tumor.evaluate run=RUN` writes it down."
        )
    title = "Test scans that share something with a scan trained on"
    return DataTable(title, ["shared", *titles], rows, note)


def provenance_section(content: Values, titles: Sequence[str]) -> Section:
    """Write the section on what made the runs, and this page."""
    blocks: list[Block] = [
        Paragraph(
            "Everything on this page is in comparison.json beside it. Each run's folder holds its "
            "whole configuration, its split, every prediction and its checkpoints."
        )
    ]
    for setting, title in zip(content["settings"], titles, strict=True):
        blocks.append(_runs(setting, title))
    versions = [
        ["command", " ".join(content["command"])],
        ["git commit", content["git"] or UNKNOWN],
        ["machine", content["machine"]],
        *([name, found or UNKNOWN] for name, found in content["versions"].items()),
    ]
    blocks.append(DataTable("This page", ["what", "value"], versions, text_columns=2))
    return Section("made", "How this was made", blocks)


def _runs(setting: Values, title: str) -> DataTable:
    runs = setting["runs"]

    def row(name: str, values: Sequence[Any]) -> list[str]:
        return [name, *(UNKNOWN if value is None else str(value) for value in values)]

    made = [run["made"] for run in runs]
    rows = [
        row("folder", [run["folder"] for run in runs]),
        row("fold", [run["fold"] for run in runs]),
        row("seed", [run["seed"] for run in runs]),
        row("seed of the split", [run["split_seed"] for run in runs]),
        row("epochs", [run["epochs"] for run in runs]),
        row("temperature", [_three(run["temperature"]) for run in runs]),
        row("called a tumour from", [_three(run["threshold"]) for run in runs]),
        row("started", [one["started"] for one in made]),
        row("seconds", [_whole(one["seconds"]) for one in made]),
        row("device", [one["device"] for one in made]),
        row("threads", [one["threads"] for one in made]),
        row("machine", [one["machine"] for one in made]),
        row("git commit", [one["git"] for one in made]),
        row("fingerprint of the data", [one["fingerprint"] for one in made]),
        row("versions", [_versions(one["versions"]) for one in made]),
        row("command", [" ".join(one["command"] or []) or None for one in made]),
    ]
    columns = ["what", *(f"run {number}" for number in range(1, len(runs) + 1))]
    return DataTable(title, columns, rows, text_columns=len(columns))


def _versions(versions: Mapping[str, str | None] | None) -> str | None:
    if not versions:
        return None
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version)


def _three(value: float | None) -> str | None:
    return None if value is None else format_score(value)


def _whole(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f}"
