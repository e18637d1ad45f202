"""The published report's tables 1 to 4 beside those of a setting, under both sets of names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from brain_tumor.audit.published_counts import Counts
from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.settings import RunGroup
from brain_tumor.errors import ConfigError
from brain_tumor.runs.finished import FinishedRun
from brain_tumor.settings import Settings

Record = dict[str, Any]
MEASURES = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Table(Settings):
    """One of the report's tables."""

    table: int
    accuracy: float
    balanced_accuracy: float
    per_class: dict[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Results(Settings):
    """What `conf/published/results.yaml` has of a network, as it says there."""

    curve: dict[int, float]
    train: Table
    test: Table
    cost: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Published(Settings, key="published"):
    """What the report counts, and its results by network.

    Raises:
        ConfigError: A table has not every class that is counted.
    """

    counts: Counts
    results: dict[str, Results]

    def __post_init__(self) -> None:
        super().__post_init__()
        for model, found in self.results.items():
            for part, table in (("train", found.train), ("test", found.test)):
                if not self.counts.classes.keys() <= table.per_class.keys():
                    raise ConfigError(
                        f"published.results.{model}.{part}.per_class must have every class that is "
                        "counted."
                    )


def published_records(
    gathered: Sequence[RunGroup], settings: Sequence[PooledRunGroup], published: Published
) -> list[Record]:
    """Lay the report's tables beside the settings that they are about.

    The report's class names are permuted, so each row of ours stands beside two of its rows: that
    of the same name, and that of as many scans, which is about these. A setting is compared if the
    report has its model and if its scans are the report's, class by class, under whatever names.

    Args:
        gathered: The runs of each setting.
        settings: The settings.
        published: What the report has.

    Returns:
        A record for each setting and part that the report has a table of.
    """
    classes = {name: vars(counts) for name, counts in published.counts.classes.items()}
    records = []
    for number, (members, setting) in enumerate(zip(gathered, settings, strict=True), 1):
        names = report_names(setting.class_totals, classes)
        if names is None or setting.model not in published.results:
            continue
        theirs = published.results[setting.model]
        for part, table in (("train", theirs.train), ("test", theirs.test)):
            ours = _ours(setting, part)
            if ours is not None:
                same = setting.split == "report"
                rows = _rows(ours, table, names)
                record = {"setting": number, "part": part, "table": table.table}
                record |= {"same_split": same, "names": names, "rows": rows}
                curve = _curve(members, theirs.curve) if part == "train" and same else []
                records.append(record | {"curve": curve})
    return records


def report_names(
    totals: Mapping[str, int], classes: Mapping[str, Mapping[str, int]]
) -> dict[str, str] | None:
    """Find the report's name of each class by how many scans it has; None where that cannot be.

    Args:
        totals: Scans of each class, over all parts.
        classes: `train` and `test` of each class as the report names it.

    Example:
        >>> theirs = {"a": {"train": 3, "test": 1}, "b": {"train": 4, "test": 1}}
        >>> report_names({"a": 5, "b": 4}, theirs)
        {'a': 'b', 'b': 'a'}
    """
    by_total = {found["train"] + found["test"]: name for name, found in classes.items()}
    if len(by_total) < len(classes) or sorted(totals.values()) != sorted(by_total):
        return None
    return {name: by_total[count] for name, count in totals.items()}


def _ours(setting: PooledRunGroup, part: str) -> Record | None:
    """Give each score of ours with its interval, by class (None for all) and measure."""
    if part == "train":
        if setting.train is None:
            return None
        scores, found = setting.train["scores"], setting.train["intervals"]
    else:
        scores = setting.pooled.scores.to_dict()
        found = setting.pooled.intervals.to_dict()
    ours: Record = {name: {None: found[name]} for name in ("accuracy", "balanced_accuracy")}
    types = {"precision": "precisions", "recall": "recalls", "f1": "f1s"}
    for measure, kind in types.items():
        ours[measure] = dict(zip(scores["classes"], found[kind], strict=True))
    return ours


def _rows(ours: Record, theirs: Table, names: Mapping[str, str]) -> list[Record]:
    rows = []
    for name, report_name in names.items():
        for place, measure in enumerate(MEASURES):
            found = ours[measure][name]
            by_name = theirs.per_class.get(name)
            rows.append(
                {
                    "class": name,
                    "measure": measure,
                    "ours": found,
                    "same_name": None if by_name is None else by_name[place],
                    "same_scans": theirs.per_class[report_name][place],
                }
            )
    for measure in ("accuracy", "balanced_accuracy"):
        both = dict.fromkeys(("same_name", "same_scans"), getattr(theirs, measure))
        rows.append({"class": None, "measure": measure, "ours": ours[measure][None]} | both)
    return rows


def _curve(members: Sequence[FinishedRun], curve: Mapping[int, float]) -> list[Record]:
    """Lay the report's training accuracy at some epochs beside ours, the mean over seeds."""
    rows = []
    for epoch, value in curve.items():
        reached = [
            accuracy
            for run in members
            for number, accuracy in zip(
                run.history.get("epoch", ()), run.history.get("train/accuracy", ()), strict=False
            )
            if number == epoch and accuracy is not None
        ]
        complete = len(reached) == len(members)
        ours = sum(reached) / len(reached) if complete else None
        rows.append({"epoch": epoch, "report": value, "ours": ours})
    return rows
