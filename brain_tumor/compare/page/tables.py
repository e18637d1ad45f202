"""Tables that lay runs, or audits, side by side."""

from collections.abc import Sequence
from dataclasses import replace

from brain_tumor.audit.page.shortcuts import ACCURACY, BALANCED
from brain_tumor.compare.audits import ComparedAudit
from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.page.calibration_tables import calibration_tables
from brain_tumor.compare.page.data_section import shared_table
from brain_tumor.compare.page.published_table import published_table
from brain_tumor.evaluate.tables.by_patient import patients_table
from brain_tumor.evaluate.tables.class_report import class_report
from brain_tumor.metrics.registry import label_scores, score_titles
from brain_tumor.rendering.foreign_text import markdown_code, markdown_text
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count,
    format_counted,
    format_difference,
    format_interval,
    format_score,
    listed,
)
from brain_tumor.rendering.page import DataTable, to_markdown


def settings_table(settings: Sequence[PooledRunGroup], level: float) -> DataTable:
    """Lay settings out, a row for each."""
    rows = []
    for setting in settings:
        found = setting.pooled.intervals.overall
        scores = (format_interval(found.get(score.key)) for score in label_scores())
        rows.append([setting.title, _runs(setting), format_count(setting.pooled.scans), *scores])
    return DataTable(
        "settings side by side",
        ["setting", "runs", "test scans", *(score.title for score in label_scores())],
        rows,
        "Scores of all test predictions of a setting together. In brackets: "
        f"{100 * level:g} % interval from resampled groups of test scans; how much another "
        "training would change is not in it.",
        text_columns=2,
    )


def spread_table(setting: PooledRunGroup) -> DataTable | None:
    """Lay out how far the folds, and the seeds, of a setting lie apart; None for a single run."""
    rows = []
    for spreads, one in ((setting.pooled.over_folds, "fold"), (setting.pooled.over_seeds, "seed")):
        for score in label_scores():
            found = (spreads or {}).get(score.key)
            if found is not None:
                numbers = (found.mean, found.deviation, found.low, found.high)
                over = format_counted(len(found.values), one)
                rows.append([score.title, over, *map(format_score, numbers)])
    if not rows:
        return None
    columns = ["score", "over", "mean", "standard deviation", "lowest", "highest"]
    return DataTable(f"{setting.title}: spread", columns, rows, text_columns=2)


def pairs_tables(comparison: Comparison) -> list[DataTable]:
    """Lay the paired tests out, a row for each two settings; no table where there are none."""
    rows = []
    for pair in comparison.pairs:
        found = pair.mcnemar
        cells = [UNKNOWN] * 4
        if found is not None:
            counts = (found.only_first_right, found.only_second_right)
            cells = [*map(format_count, counts), p_value(found.p_value), p_value(found.p_holm)]
        differences = (
            format_difference(pair.differences.get(score.key)) for score in label_scores()
        )
        titles = comparison.title(pair.first), comparison.title(pair.second)
        rows.append([*titles, *differences, *cells])
    if not rows:
        return []
    table = DataTable(
        "Second setting less first, on the same scans",
        [
            "first",
            "second",
            *(score.title for score in label_scores()),
            "only first right",
            "only second right",
            "p, McNemar",
            "p, Holm",
        ],
        rows,
        f"In brackets {100 * comparison.bootstrap.level:g} % intervals from groups of scans drawn "
        "again for both. McNemar's exact test asks whether the scans that only one of the two "
        "gets right are as often the one's as the other's; it takes scans as independent, so with "
        "several scans per patient its p is too small: where the two disagree, believe the "
        "interval. It needs one prediction for each scan, so settings of several seeds have none. "
        "Holm's p is McNemar's, corrected for all McNemar tests of this table; the intervals are "
        "not corrected: each holds for one comparison fixed beforehand. How much another training "
        "would change is in none of them.",
        text_columns=2,
    )
    return [table]


def p_value(p: float) -> str:
    """Write a p-value with two digits that count.

    >>> p_value(0.0312), p_value(0.5), p_value(1e-9)
    ('0.031', '0.50', '<0.0001')
    """
    if p < 1e-4:
        return "<0.0001"
    return f"{p:.2f}" if p >= 0.1 else f"{p:.2g}"


def setting_class_report(setting: PooledRunGroup, intervals: bool = True) -> DataTable:
    """Lay out the scores of each class, all predictions of a setting put together."""
    part, predictions = setting.part, setting.pooled.scores.scans
    title = f"{setting.title}: classes"
    table = class_report(part.per_class, part.scores, predictions, title, intervals)
    return replace(table, note=" ".join([*setting_notes(setting), *_found_least(setting)]))


def shortcut_tables(audits: Sequence[ComparedAudit], split: str) -> list[DataTable]:
    """Lay the shortcuts that several audits measured side by side, a table per score."""
    by_label = {
        audit.label: {(entry.sees, entry.task): entry for entry in audit.shortcuts}
        for audit in audits
    }
    keys = list(dict.fromkeys(key for entries in by_label.values() for key in entries))
    columns = ["the classifier sees", "task", *by_label]
    note = "The columns are audits, named by how their scans were harmonised."
    tables = []
    for measure in (ACCURACY, BALANCED) if audits else ():
        rows = []
        for key in keys:
            found = (getattr(entries.get(key), measure, None) for entries in by_label.values())
            rows.append([*key, *map(format_interval, found)])
        title = f"shortcuts, split={split}: {score_titles()[measure]}"
        tables.append(DataTable(title, columns, rows, note, text_columns=2))
    return tables


def setting_tables(
    setting: PooledRunGroup, level: float, intervals: bool = True
) -> list[DataTable]:
    """Lay out what belongs to one setting: its spread, its classes, and its patients.

    There is no spread of one run, and no patients where none is known.
    """
    spread, patients = spread_table(setting), setting.patients
    title = f"{setting.title}: by patient"
    return [
        *([spread] if spread else []),
        setting_class_report(setting, intervals),
        *([patients_table(patients, title, level)] if patients else []),
    ]


def comparison_tables(comparison: Comparison) -> list[DataTable]:
    """Lay out all that a comparison holds, for the terminal, whose 80 columns have no room for all.

    There classes have no intervals, and the published report has no differences: else F1, and with
    it the accuracy, would be left out, and the report's scores of the same name.
    """
    settings, level = comparison.settings, comparison.bootstrap.level
    return [
        *([settings_table(settings, level)] if settings else []),
        *across_tables(comparison, wide=False),
        *(table for own in settings for table in setting_tables(own, level, intervals=False)),
        *shortcut_tables(comparison.audits, comparison.audit_split),
    ]


def across_tables(comparison: Comparison, wide: bool = True) -> list[DataTable]:
    """Lay out what is about several settings, or about the published report."""
    if not comparison.settings:
        return []
    return [
        *pairs_tables(comparison),
        *calibration_tables(comparison),
        shared_table(comparison.settings),
        *(
            published_table(one, comparison.title(one.setting), wide)
            for one in comparison.published
        ),
    ]


def comparison_markdown(comparison: Comparison) -> str:
    """Write a comparison as one Markdown document, to lie beside its pictures."""
    level = comparison.bootstrap.level
    parts = ["# Comparison"]
    if comparison.settings:
        parts.append(to_markdown(settings_table(comparison.settings, level)))
        parts += map(to_markdown, across_tables(comparison))
        parts.append("![Training curves](figures/curves.png)")
    for setting in comparison.settings:
        number = setting.number
        parts.append(f"## Setting {number}")
        parts += map(to_markdown, setting_tables(setting, level))
        parts.append(f"![Confusion matrix of setting {number}](figures/confusion_{number}.png)")
        parts.append("\n".join(f"- {markdown_code(run.folder)}" for run in setting.runs))
    if comparison.audits:
        parts.append("## Shortcuts")
        parts += map(to_markdown, shortcut_tables(comparison.audits, comparison.audit_split))
        named = [
            f"- {markdown_text(one.label)}: {markdown_code(one.folder)}"
            for one in comparison.audits
        ]
        parts.append("\n".join(named))
    return "\n\n".join(parts) + "\n"


def _runs(setting: PooledRunGroup) -> str:
    seeds = format_counted(setting.seeds, "seed")
    if setting.folds is None:
        return seeds
    return f"{len(setting.folds)} of {format_counted(setting.folds_expected or 0, 'fold')}, {seeds}"


def missing_note(setting: PooledRunGroup) -> str:
    """Say which folds are not there; empty where none is missing."""
    gaps = [
        f"fold {fold} of seed {lacking.seed}" if setting.seeds > 1 else f"fold {fold}"
        for lacking in setting.missing
        for fold in lacking.folds
    ]
    return (
        f"No run was given, so it is missing from these numbers: {', '.join(gaps)}." if gaps else ""
    )


def setting_notes(setting: PooledRunGroup) -> list[str]:
    """Say what a reader must know to take the numbers for what they are."""
    notes = [missing_note(setting)] if setting.missing else []
    if setting.seeds > 1 and setting.same_scans:
        notes.append("Each scan is counted once per seed; in the intervals it is one scan.")
    elif setting.seeds > 1:
        notes.append("The seeds were not tested on the same scans.")
    if not setting.grouped:
        notes.append(
            "split.csv does not say which scans belong together, so every scan is its own group, "
            "and the intervals are too narrow where patients have several."
        )
    return notes


def _found_least(setting: PooledRunGroup) -> list[str]:
    found = setting.pooled.least_recall
    if found is None:
        return []
    others = [name for name in found.candidates if name != found.name]
    separated = f"not separated from {listed(others)}" if others else "separated from all others"
    return [f"Lowest recall: {found.name}, {separated}."]
