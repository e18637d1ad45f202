"""How sure the scores are: every number with its interval, a row for each, a column per part."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_score
from brain_tumor.rendering.page import DataTable

Values = Mapping[str, Any]

HARD = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
}
SOFT = {
    "nll": "negative log-likelihood",
    "brier": "Brier score",
    "ece_equal_width": "calibration error, bins of equal width",
    "ece_equal_mass": "calibration error, bins of equal mass",
}
EXPLAINED = (
    "ROC AUC is each class against the rest, averaged. Negative log-likelihood is in nats per "
    "scan; the Brier score sums over classes (0 to 2); the calibration error compares the highest "
    "probability with how often it is right. Of these, lower is better. Noise of few scans "
    "only adds to a calibration error, so it lies high in its interval."
)


def part_columns(parts: Mapping[str, Values]) -> dict[str, Values]:
    """Bring the parts of `metrics.json` to the form that `certainty_table` takes."""
    columns: dict[str, Values] = {}
    for name, part in parts.items():
        intervals = part["intervals"]
        found = {key: _interval(part[key], intervals[key]) for key in HARD}
        recalls = {
            label: _interval(own["recall"], intervals["per_class"][label]["recall"])
            for label, own in part["per_class"].items()
        }
        columns[name] = {**part, **found, "recalls": recalls}
    return columns


def certainty_table(columns: Mapping[str, Values], title: str, level: float) -> DataTable:
    """Lay scores out with their intervals.

    Args:
        columns: By heading: `accuracy`, `balanced_accuracy` and `macro_f1`, each with `value`,
            `low` and `high` or None; `recalls`, likewise by class; `scans`, `groups`; and
            `probabilities`, `calibrated`, `tumour` and `risk_coverage` as a part of `metrics.json`
            has them.
        title: What the table shows.
        level: How often an interval is to hold the truth, in [0, 1].
    """
    shown = list(columns.values())
    rows = [
        ["scans", *(format_count(one["scans"]) for one in shown)],
        ["groups of scans", *(format_count(one["groups"]) for one in shown)],
        *([name, *(cell(one[key]) for one in shown)] for key, name in HARD.items()),
        *(
            [f"recall of {label}", *(cell(one["recalls"].get(label)) for one in shown)]
            for label in dict.fromkeys(label for one in shown for label in one["recalls"])
        ),
        ["ROC AUC", *(cell(one["probabilities"]["macro_roc_auc"]) for one in shown)],
        *(
            [name, *(cell(one["probabilities"][key]) for one in shown)]
            for key, name in SOFT.items()
        ),
    ]
    if any(one["calibrated"] for one in shown):
        rows += [
            [
                f"{name}, after temperature",
                *(cell((one["calibrated"] or {}).get(key)) for one in shown),
            ]
            for key, name in SOFT.items()
        ]
    if any(one["tumour"] for one in shown):
        rows += [
            [f"{name} for a tumour", *(cell((one["tumour"] or {}).get(name)) for one in shown)]
            for name in ("sensitivity", "specificity")
        ]
    for share in shown[0]["risk_coverage"]["risk_at"]:
        if share != "1":
            rows.append(
                [
                    f"wrong among the surest {100 * float(share):g} %",
                    *(format_score(one["risk_coverage"]["risk_at"].get(share)) for one in shown),
                ]
            )
    note = f"In brackets {100 * level:g} % intervals from resampled groups of scans. {EXPLAINED}"
    return DataTable(title, ["score", *columns], rows, note)


def cell(found: Values | None) -> str:
    """Write a score with its interval."""
    return UNKNOWN if found is None else format_score(found["value"], found["low"], found["high"])


def gaps(parts: Mapping[str, Values], operating_point: Values, temperature: Values) -> list[str]:
    """Say what is not there, and why, a sentence each."""
    said = []
    for name, part in parts.items():
        absent = [label for label in part["classes"] if label not in part["present"]]
        if absent:
            said.append(
                f"The {name} part has no scan of {listed(absent)}: accuracy and macro F1 over all "
                f"classes are not given, and balanced accuracy is the mean recall over "
                f"{listed(part['present'])}."
            )
    if temperature["value"] is None:
        said.append(
            "There is no validation part to fit a temperature on, so probabilities are those of "
            "the network as it is."
        )
    if operating_point["threshold"] is not None and operating_point["chosen_on"] is None:
        said.append(
            "There is no validation part to choose an operating point on: a tumour is called where "
            "its probability is at least one half."
        )
    elif operating_point["threshold"] is not None:
        said.append(
            f"A tumour is called where its probability is at least "
            f"{operating_point['threshold']:.4f}: chosen on validation scans, for a sensitivity "
            f"there of at least {operating_point['least_sensitivity']:g}, and at one half at most."
        )
    return said


def _interval(value: float | None, ends: Sequence[float] | None) -> Values | None:
    if value is None or ends is None:
        return None
    return {"value": value, "low": ends[0], "high": ends[1]}


def listed(names: Sequence[str]) -> str:
    """Write names one after the other, the last after an "and"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
