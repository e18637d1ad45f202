"""Tables that lay runs, or audits, side by side."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.report.audit_shortcuts import ACCURACY, BALANCED, seen_entries
from brain_tumor.report.numbers import UNKNOWN, counted, score, whole
from brain_tumor.report.page import DataTable, to_markdown

Values = Mapping[str, Any]

MEASURES = {
    ACCURACY: "accuracy",
    BALANCED: "balanced accuracy",
    "macro_f1": "macro F1",
}
NOT_SET = "none"


def distinguishing(settings: Sequence[Values]) -> list[dict[str, str]]:
    """Find the shortest list of configured values that tells settings apart.

    A value is named only against settings that it can be compared with: the width of a network
    against networks of the same name, the decay of an optimizer against the same optimizer, the
    fingerprint of the data against data of the same configuration, the experiment's name against
    settings that differ in nothing else. Model and split are always named, so they are not here.

    Args:
        settings: Configured values by dotted key, per setting; what is null is left out.

    Returns:
        The named values per setting, as text by dotted key; empty where model and split say all.

    Example:
        >>> width = [{"model.name": "gbmnet", "model.width": width} for width in (16, 512)]
        >>> distinguishing([*width, {"model.name": "mobilenetv2"}])
        [{'model.width': '16'}, {'model.width': '512'}, {}]
    """
    keys = dict.fromkeys(key for setting in settings for key in setting)
    named = [key for key in keys if key not in ("model.name", "split.name")]
    return [
        {
            key.removesuffix("._target_"): _value(setting.get(key), key)
            for key in named
            if _tells_apart(key, setting, settings, keys)
        }
        for setting in settings
    ]


def _tells_apart(
    key: str, setting: Values, others: Sequence[Values], keys: Mapping[str, None]
) -> bool:
    if key == "name":
        context = [other for other in keys if other != key]
    elif key == "data.fingerprint":
        context = [other for other in keys if other.startswith("data.") and other != key]
    else:
        group = key.rsplit(".", 1)[0]
        context = [f"{group}.{kind}" for kind in ("name", "_target_")]
    return any(
        setting.get(key) != other.get(key)
        and all(setting.get(c) == other.get(c) for c in context if c != key)
        for other in others
    )


def _value(value: Any, key: str) -> str:
    if value is None:
        return NOT_SET
    if key.endswith("._target_"):
        return str(value).rsplit(".", 1)[-1]
    if key == "data.fingerprint":
        return str(value)[:12]
    return value if isinstance(value, str) else json.dumps(value)


def audit_labels(harmonised: Sequence[Values]) -> list[str]:
    """Name audits by what differs in how their scans were harmonised.

    Args:
        harmonised: Per audit, the settings by name; None and False are off.

    Returns:
        For each, the settings that are on and not the same in all; `none` where there are none.

    Example:
        >>> audit_labels([{"resolution": None}, {"resolution": 128}])
        ['none', 'resolution=128']
    """
    on = [
        {key: value for key, value in one.items() if value is not None and value is not False}
        for one in harmonised
    ]
    keys = dict.fromkeys(key for one in on for key in one)
    differing = [key for key in keys if any(one.get(key) != on[0].get(key) for one in on)]
    shown = differing or list(keys)
    return [
        ", ".join(f"{key}={_value(one[key], key)}" for key in shown if key in one) or NOT_SET
        for one in on
    ]


def settings_table(settings: Sequence[Values]) -> DataTable:
    """Lay settings out, a row for each.

    Args:
        settings: As `comparison.json` holds them.
    """
    rows = []
    for number, setting in enumerate(settings, start=1):
        intervals = setting["pooled"]["intervals"]
        row = [_title(setting, number), _runs(setting), whole(setting["pooled"]["scans"])]
        rows.append(row + [_interval(intervals[measure]) for measure in MEASURES])
    return DataTable(
        "settings side by side",
        ["setting", "runs", "test scans", *MEASURES.values()],
        rows,
        "Scores of all test predictions of a setting together. In brackets: 95 % interval from "
        "resampled groups of test scans; how much another training would change is not in it.",
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
        for measure, name in MEASURES.items():
            found = spreads[measure]
            numbers = (found[key] for key in ("mean", "deviation", "low", "high"))
            rows.append([name, counted(len(found["values"]), one), *map(score, numbers)])
    if not rows:
        return None
    columns = ["score", "over", "mean", "standard deviation", "lowest", "highest"]
    title = f"{_title(setting, number)}: spread"
    return DataTable(title, columns, rows, text_columns=2)


def pooled_class_table(setting: Values, number: int) -> DataTable:
    """Lay out the scores of each class, all predictions of a setting put together.

    Args:
        setting: As `comparison.json` holds it.
        number: Its row in the table of settings.
    """
    pooled = setting["pooled"]
    classes, recalls = pooled["scores"]["per_class"].items(), pooled["intervals"]["recalls"]
    rows = [
        [
            name,
            score(values["precision"]),
            _interval(recall),
            score(values["f1"]),
            whole(values["support"]),
        ]
        for (name, values), recall in zip(classes, recalls, strict=True)
    ]
    return DataTable(
        f"{_title(setting, number)}: classes",
        ["class", "precision", "recall", "F1", "predictions"],
        rows,
        " ".join(_notes(setting)),
    )


def shortcut_tables(audits: Sequence[Values], split: str) -> list[DataTable]:
    """Lay the shortcuts that several audits measured side by side, a table per score.

    Args:
        audits: As `comparison.json` holds them.
        split: The split that the classifiers were tested under.
    """
    seen = {
        audit["label"]: {(entry.sees, entry.task): entry for entry in seen_entries(audit)}
        for audit in audits
    }
    keys = list(dict.fromkeys(key for entries in seen.values() for key in entries))
    return [
        DataTable(
            f"shortcuts, split={split}: {MEASURES[measure]}",
            ["the classifier sees", "task", *seen],
            [
                [*key, *(e[key].text(measure) if key in e else UNKNOWN for e in seen.values())]
                for key in keys
            ],
            "The columns are audits, named by how their scans were harmonised.",
            text_columns=2,
        )
        for measure in (ACCURACY, BALANCED)
    ]


def setting_tables(setting: Values, number: int) -> list[DataTable]:
    """Lay out what belongs to one setting: the spread where it has several runs, and its classes.

    Args:
        setting: As `comparison.json` holds it.
        number: Its row in the table of settings.
    """
    spread = spread_table(setting, number)
    return [*([spread] if spread else []), pooled_class_table(setting, number)]


def comparison_tables(content: Values) -> list[DataTable]:
    """Lay out all that a comparison holds, for the terminal.

    Args:
        content: The content of `comparison.json`.
    """
    settings, audits = content["settings"], content["audits"]
    tables = [settings_table(settings)] if settings else []
    for number, setting in enumerate(settings, start=1):
        tables += setting_tables(setting, number)
    return tables + (shortcut_tables(audits, content["audit_split"]) if audits else [])


def comparison_markdown(content: Values) -> str:
    """Write a comparison as one Markdown document, to lie beside its pictures.

    Args:
        content: The content of `comparison.json`.
    """
    settings, audits = content["settings"], content["audits"]
    parts = ["# Comparison", *([to_markdown(settings_table(settings))] if settings else [])]
    for number, setting in enumerate(settings, start=1):
        parts.append(f"## Setting {number}")
        parts += map(to_markdown, setting_tables(setting, number))
        parts.append(f"![Confusion matrix of setting {number}](confusion_{number}.png)")
        parts.append("\n".join(f"- `{run['folder']}`" for run in setting["runs"]))
    if audits:
        parts.append("## Shortcuts")
        parts += map(to_markdown, shortcut_tables(audits, content["audit_split"]))
        parts.append("\n".join(f"- {audit['label']}: `{audit['folder']}`" for audit in audits))
    return "\n\n".join(parts) + "\n"


def _title(setting: Values, number: int) -> str:
    words = [setting["model"], f"{setting['split']} split", *_differences(setting["differs"])]
    return f"{number}: {', '.join(words)}"


def _runs(setting: Values) -> str:
    seeds = counted(setting["seeds"], "seed")
    if setting["folds"] is None:
        return seeds
    folds = f"{len(setting['folds'])} of {counted(setting['folds_expected'], 'fold')}"
    return f"{folds}, {seeds}"


def _notes(setting: Values) -> list[str]:
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


def _differences(differs: Mapping[str, str]) -> list[str]:
    # The last word of a key is enough, unless two keys end in it.
    last = Counter(key.rsplit(".", 1)[-1] for key in differs)
    short = {key: key.rsplit(".", 1)[-1] for key in differs}
    return [
        f"{short[key] if last[short[key]] == 1 else key}={value}" for key, value in differs.items()
    ]


def _interval(found: Values | None) -> str:
    return score(None) if found is None else score(found["value"], found["low"], found["high"])
