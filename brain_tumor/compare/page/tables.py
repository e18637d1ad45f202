"""Tables that lay runs, or audits, side by side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from brain_tumor.audit.page.shortcuts import ACCURACY, BALANCED, probe_entries
from brain_tumor.compare.audits import ComparedAudit
from brain_tumor.compare.page.data_section import shared_table
from brain_tumor.compare.page.published_table import published_table
from brain_tumor.compare.page.run_calibration_table import run_calibration_table
from brain_tumor.metrics.registry import SCORES, label_scores, score_titles
from brain_tumor.rendering.by_patient import patients_table
from brain_tumor.rendering.certainty import certainty_table, listed
from brain_tumor.rendering.class_report import class_report
from brain_tumor.rendering.foreign_text import markdown_code, markdown_text
from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_counted, format_score
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.rendering.pairs import pairs_table

Values = Mapping[str, Any]


def settings_table(settings: Sequence[Values], level: float) -> DataTable:
    """Lay settings out, a row for each.

    Args:
        settings: As `comparison.json` holds them.
        level: How often an interval is to hold the truth, in [0, 1].
    """
    rows = []
    for number, setting in enumerate(settings, start=1):
        intervals = setting["pooled"]["intervals"]
        row = [
            setting_title(setting, number),
            _runs(setting),
            format_count(setting["pooled"]["scans"]),
        ]
        rows.append(row + [_interval(intervals.get(score.key)) for score in label_scores()])
    return DataTable(
        "settings side by side",
        ["setting", "runs", "test scans", *(score.title for score in label_scores())],
        rows,
        "Scores of all test predictions of a setting together. In brackets: "
        f"{100 * level:g} % interval from resampled groups of test scans; how much another "
        "training would change is not in it.",
        text_columns=2,
    )


def spread_table(setting: Values, number: int) -> DataTable | None:
    """Lay out how far the folds, and the seeds, of a setting lie apart.

    Args:
        setting: As `comparison.json` holds it.
        number: Its row in the table of settings.

    Returns:
        None for a single run.
    """
    rows = []
    for kind, one in (("over_folds", "fold"), ("over_seeds", "seed")):
        spreads = setting["pooled"][kind]
        if spreads is None:
            continue
        for score in label_scores():
            found = spreads.get(score.key)
            if found is not None:
                numbers = (found[key] for key in ("mean", "deviation", "low", "high"))
                over = format_counted(len(found["values"]), one)
                rows.append([score.title, over, *map(format_score, numbers)])
    if not rows:
        return None
    columns = ["score", "over", "mean", "standard deviation", "lowest", "highest"]
    title = f"{setting_title(setting, number)}: spread"
    return DataTable(title, columns, rows, text_columns=2)


def setting_class_report(setting: Values, number: int, intervals: bool = True) -> DataTable:
    """Lay out the scores of each class, all predictions of a setting put together.

    Args:
        setting: As `comparison.json` holds it.
        number: Its row in the table of settings.
        intervals: Whether to show them; a terminal may be too narrow.
    """
    scores, found = setting["pooled"]["scores"], setting["pooled"]["intervals"]
    ends = {score.key: _ends(found.get(score.key)) for score in label_scores()}
    per_class = {
        name: {"precision": _ends(precision), "recall": _ends(recall), "f1": _ends(f1)}
        for name, precision, recall, f1 in zip(
            scores["per_class"], found["precisions"], found["recalls"], found["f1s"], strict=True
        )
    }
    title = f"{setting_title(setting, number)}: classes"
    displayed = {**ends, "per_class": per_class} if intervals else None
    table = class_report(scores, SCORES.values(), title, displayed)
    return replace(table, note=" ".join([*setting_notes(setting), *_found_least(setting)]))


def shortcut_tables(audits: Sequence[ComparedAudit], split: str) -> list[DataTable]:
    """Lay the shortcuts that several audits measured side by side, a table per score.

    Args:
        audits: The audits, with different labels.
        split: The split that the classifiers were tested under.
    """
    by_label = {
        audit.label: {(entry.sees, entry.task): entry for entry in probe_entries(audit.shortcuts)}
        for audit in audits
    }
    keys = list(dict.fromkeys(key for entries in by_label.values() for key in entries))
    return [
        DataTable(
            f"shortcuts, split={split}: {score_titles()[measure]}",
            ["the classifier sees", "task", *by_label],
            [
                [*key, *(e[key].text(measure) if key in e else UNKNOWN for e in by_label.values())]
                for key in keys
            ],
            "The columns are audits, named by how their scans were harmonised.",
            text_columns=2,
        )
        for measure in (ACCURACY, BALANCED)
    ]


def setting_tables(
    setting: Values, number: int, level: float, intervals: bool = True
) -> list[DataTable]:
    """Lay out what belongs to one setting: its spread, its classes, and its patients.

    Args:
        setting: As `comparison.json` holds it.
        number: Its row in the table of settings.
        level: How often an interval is to hold the truth, in [0, 1].
        intervals: Whether classes have them.

    Returns:
        No spread where it has one run, and no patients where none is known.
    """
    spread, patients = spread_table(setting, number), setting["patients"]
    title = f"{setting_title(setting, number)}: by patient"
    return [
        *([spread] if spread else []),
        setting_class_report(setting, number, intervals),
        *([patients_table(patients, SCORES.values(), title, level)] if patients else []),
    ]


def comparison_tables(content: Values) -> list[DataTable]:
    """Lay out all that a comparison holds, for the terminal.

    Args:
        content: The content of `comparison.json`.
    """
    settings, audits = content["settings"], content["audits"]
    level = content["bootstrap"]["level"]
    tables = [settings_table(settings, level), *across_tables(content, False)] if settings else []
    for number, setting in enumerate(settings, start=1):
        tables += setting_tables(setting, number, level, intervals=False)
    return tables + (shortcut_tables(audits, content["audit_split"]) if audits else [])


def across_tables(content: Values, wide: bool = True) -> list[DataTable]:
    """Lay out what is about several settings, or about the published report.

    Args:
        content: The content of `comparison.json`.
        wide: Whether there is room for differences from the report.
    """
    names = [setting_title(one, number) for number, one in enumerate(content["settings"], 1)]
    scores = SCORES.values()
    level = content["bootstrap"]["level"]
    columns = {
        title: setting_columns(setting)
        for title, setting in zip(names, content["settings"], strict=True)
    }
    by_run = run_calibration_table(content["settings"], names, level)
    return [
        *([pairs_table(content["pairs"], scores, names, level)] if content["pairs"] else []),
        certainty_table(columns, scores, "Scores with intervals", level),
        *([by_run] if by_run else []),
        shared_table(content["settings"], names),
        *(
            published_table(record, names[record["setting"] - 1], wide)
            for record in content["published"]
        ),
    ]


def setting_columns(setting: Values) -> Values:
    """Bring a setting to the form that `certainty_table` takes."""
    pooled = setting["pooled"]
    counts = {"scans": pooled["scans"], "groups": pooled["groups"]}
    recalls = zip(pooled["scores"]["per_class"], pooled["intervals"]["recalls"], strict=True)
    found = {**pooled["intervals"], "recalls": dict(recalls)}
    return {**found, **counts, **setting["confidence"]}


def comparison_markdown(content: Values) -> str:
    """Write a comparison as one Markdown document, to lie beside its pictures.

    Args:
        content: The content of `comparison.json`.
    """
    settings, audits = content["settings"], content["audits"]
    parts = ["# Comparison"]
    if settings:
        parts.append(to_markdown(settings_table(settings, content["bootstrap"]["level"])))
        parts += map(to_markdown, across_tables(content))
        parts.append("![Training curves](figures/curves.png)")
    for number, setting in enumerate(settings, start=1):
        parts.append(f"## Setting {number}")
        parts += map(to_markdown, setting_tables(setting, number, content["bootstrap"]["level"]))
        parts.append(f"![Confusion matrix of setting {number}](figures/confusion_{number}.png)")
        parts.append("\n".join(f"- {markdown_code(run['folder'])}" for run in setting["runs"]))
    if audits:
        parts.append("## Shortcuts")
        parts += map(to_markdown, shortcut_tables(audits, content["audit_split"]))
        parts.append(
            "\n".join(
                f"- {markdown_text(audit.label)}: {markdown_code(audit.folder)}" for audit in audits
            )
        )
    return "\n\n".join(parts) + "\n"


def setting_title(setting: Values, number: int) -> str:
    """Call a setting by its number, its model, its split, and what else tells it apart."""
    words = [setting["model"], f"{setting['split']} split", *_differences(setting["differs"])]
    return f"{number}: {', '.join(words)}"


def _runs(setting: Values) -> str:
    seeds = format_counted(setting["seeds"], "seed")
    if setting["folds"] is None:
        return seeds
    folds = f"{len(setting['folds'])} of {format_counted(setting['folds_expected'], 'fold')}"
    return f"{folds}, {seeds}"


def setting_notes(setting: Values) -> list[str]:
    """Say what a reader must know to take the numbers for what they are."""
    notes = []
    if setting["missing"]:
        among = setting["seeds"] > 1
        gaps = [
            f"fold {fold} of seed {lacking['seed']}" if among else f"fold {fold}"
            for lacking in setting["missing"]
            for fold in lacking["folds"]
        ]
        notes.append(f"No run was given, so it is missing from these numbers: {', '.join(gaps)}.")
    if setting["seeds"] > 1 and setting["same_scans"]:
        notes.append("Each scan is counted once per seed; in the intervals it is one scan.")
    elif setting["seeds"] > 1:
        notes.append("The seeds were not tested on the same scans.")
    if not setting["grouped"]:
        notes.append(
            "split.csv does not say which scans belong together, so every scan is its own group, "
            "and the intervals are too narrow where patients have several."
        )
    return notes


def _found_least(setting: Values) -> list[str]:
    found = setting["pooled"]["least_recall"]
    if found is None:
        return []
    others = [name for name in found["candidates"] if name != found["name"]]
    separated = f"not separated from {listed(others)}" if others else "separated from all others"
    return [f"Lowest recall: {found['name']}, {separated}."]


def _differences(differs: Mapping[str, str]) -> list[str]:
    # The last word of a key is enough, unless two keys end in it.
    last = Counter(key.rsplit(".", 1)[-1] for key in differs)
    short = {key: key.rsplit(".", 1)[-1] for key in differs}
    return [
        f"{short[key] if last[short[key]] == 1 else key}={value}" for key, value in differs.items()
    ]


def _ends(found: Values | None) -> list[float] | None:
    return None if found is None else [found["low"], found["high"]]


def _interval(found: Values | None) -> str:
    return (
        format_score(None)
        if found is None
        else format_score(found["value"], found["low"], found["high"])
    )
