"""How sure the scores are: every number with its interval, a row for each, a column per part."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_score
from brain_tumor.rendering.page import DataTable

Values = Mapping[str, Any]

EXPLAINED = (
    "ROC AUC is each class against the rest, averaged. Negative log-likelihood is in nats per "
    "scan; the Brier score sums over classes (0 to 2); the calibration error compares the highest "
    "probability with how often it is right. Of these, lower is better. Noise of few scans "
    "only adds to a calibration error, so it lies high in its interval."
)


class NamedScore(Protocol):
    """What a table has to know of a score; callers pass those of `metrics/registry.py`."""

    @property
    def key(self) -> str:
        """Its name in records."""
        ...

    @property
    def title(self) -> str:
        """Its name in tables."""
        ...

    @property
    def better(self) -> str:
        """Which way is better: `higher` or `lower`."""
        ...

    @property
    def needs(self) -> str:
        """What it is computed from: `labels`, a `ranking` of scans, or other probabilities."""
        ...

    @property
    def absent_classes(self) -> bool:
        """Whether there is one where a class has no scan."""
        ...


def of_labels(scores: Iterable[NamedScore]) -> dict[str, str]:
    """Give the titles of the scores that need labels alone, by key."""
    return {score.key: score.title for score in scores if score.needs == "labels"}


def part_columns(parts: Mapping[str, Values], scores: Iterable[NamedScore]) -> dict[str, Values]:
    """Bring the parts of `metrics.json` to the form that `certainty_table` takes."""
    columns: dict[str, Values] = {}
    keys = list(of_labels(scores))
    for name, part in parts.items():
        intervals = part["intervals"]
        # A file of an earlier version has none of a score that is younger.
        found = {key: _interval(part.get(key), intervals.get(key)) for key in keys}
        recalls = {
            label: _interval(own["recall"], intervals["per_class"][label]["recall"])
            for label, own in part["per_class"].items()
        }
        columns[name] = {**part, **found, "recalls": recalls}
    return columns


def certainty_table(
    columns: Mapping[str, Values], scores: Iterable[NamedScore], title: str, level: float
) -> DataTable:
    """Lay scores out with their intervals.

    Args:
        columns: By heading: each score of labels by its key, with `value`, `low` and `high` or
            None; `recalls`, likewise by class; `scans`, `groups`; and `probabilities`,
            `calibrated`, `tumour` and `risk_coverage` as a part of `metrics.json` has them.
        scores: What there is, in the order of the rows; of probabilities, those that rank scans
            come first, and only the others are shown after temperature too.
        title: What the table shows.
        level: How often an interval is to hold the truth, in [0, 1].
    """
    displayed, scores = list(columns.values()), list(scores)
    ranked = {score.key: score.title for score in scores if score.needs == "ranking"}
    soft = {s.key: s.title for s in scores if s.needs not in ("labels", "ranking")}
    rows = [
        ["scans", *(format_count(one["scans"]) for one in displayed)],
        ["groups of scans", *(format_count(one["groups"]) for one in displayed)],
        *(
            [name, *(cell(one.get(key)) for one in displayed)]
            for key, name in of_labels(scores).items()
        ),
        *(
            [f"recall of {label}", *(cell(one["recalls"].get(label)) for one in displayed)]
            for label in dict.fromkeys(label for one in displayed for label in one["recalls"])
        ),
        *(
            [name, *(cell(one["probabilities"].get(key)) for one in displayed)]
            for key, name in (ranked | soft).items()
        ),
    ]
    if any(one["calibrated"] for one in displayed):
        rows += [
            [
                f"{name}, after temperature",
                *(cell((one["calibrated"] or {}).get(key)) for one in displayed),
            ]
            for key, name in soft.items()
        ]
    if any(one["tumour"] for one in displayed):
        rows += [
            [f"{name} for a tumour", *(cell((one["tumour"] or {}).get(name)) for one in displayed)]
            for name in ("sensitivity", "specificity")
        ]
    for share in displayed[0]["risk_coverage"]["risk_at"]:
        if share != "1":
            rows.append(
                [
                    f"wrong among the surest {100 * float(share):g} %",
                    *(
                        format_score(one["risk_coverage"]["risk_at"].get(share))
                        for one in displayed
                    ),
                ]
            )
    note = f"In brackets {100 * level:g} % intervals from resampled groups of scans. {EXPLAINED}"
    others = [
        f" Of the {score.title}, {score.better} is better."
        for score in scores
        if score.better == ("higher" if score.key in soft else "lower")
    ]
    return DataTable(title, ["score", *columns], rows, "".join([note, *others]))


def cell(found: Values | None) -> str:
    """Write a score with its interval."""
    return UNKNOWN if found is None else format_score(found["value"], found["low"], found["high"])


def gaps(
    parts: Mapping[str, Values],
    scores: Iterable[NamedScore],
    operating_point: Values,
    temperature: Values,
) -> list[str]:
    """Say what is not there, and why, a sentence each."""
    said = []
    complete = [s.title for s in scores if s.needs == "labels" and not s.absent_classes]
    for name, part in parts.items():
        absent = [label for label in part["classes"] if label not in part["present"]]
        if absent:
            said.append(
                f"The {name} part has no scan of {listed(absent)}: {listed(complete)} over all "
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
