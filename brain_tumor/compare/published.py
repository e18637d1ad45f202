"""The published report's tables 1 to 4 beside those of a setting, under both sets of names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from brain_tumor.audit.published_counts import Counts
from brain_tumor.audit.results.audit import PartCounts
from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.settings import RunGroup
from brain_tumor.errors import ConfigError
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals
from brain_tumor.runs.finished import FinishedRun
from brain_tumor.settings import Settings

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


@dataclass(frozen=True)
class PublishedScore:
    """A score of a class beside the report's.

    Attributes:
        label: The class, by its folder; None for all classes.
        measure: A measure of `MEASURES`, or a score of all classes by its key.
        ours: None where 0/0.
        same_name: The report's of the same name; None where it has none.
        same_scans: The report's of as many scans, which is about these.
    """

    label: str | None
    measure: str
    ours: Interval | None
    same_name: float | None
    same_scans: float


@dataclass(frozen=True)
class CurvePoint:
    """Training accuracy in an epoch: the report's, and ours as the mean over seeds.

    `ours` is None where a seed was not trained as long.
    """

    epoch: int
    report: float
    ours: float | None


@dataclass(frozen=True)
class PublishedTable:
    """A table of the report beside a setting.

    Attributes:
        setting: The setting's number, from 1.
        table: The table's number in the report.
        same_split: Whether the setting was tested on the report's split.
        names: The report's name of each class folder, by how many scans it has.
        rows: Three scores of each class, then those of all classes.
        curve: Training accuracy at the epochs that the report tells of; empty for other splits.
    """

    setting: int
    part: str
    table: int
    same_split: bool
    names: Mapping[str, str]
    rows: tuple[PublishedScore, ...]
    curve: tuple[CurvePoint, ...]


def published_tables(
    gathered: Sequence[RunGroup], settings: Sequence[PooledRunGroup], published: Published
) -> tuple[PublishedTable, ...]:
    """Lay the report's tables beside the settings that they are about, train and test part each.

    The report's class names are permuted, so each row of ours stands beside two of its rows: that
    of the same name, and that of as many scans, which is about these. A setting is compared if the
    report has its model and if its scans are the report's, class by class, under whatever names.
    """
    tables = []
    for members, setting in zip(gathered, settings, strict=True):
        names = report_names(setting.class_totals, published.counts.classes)
        theirs = published.results.get(setting.model)
        if names is None or theirs is None:
            continue
        same = setting.split == "report"
        for part, ours, table in (
            ("train", setting.train, theirs.train),
            ("test", setting.pooled.intervals, theirs.test),
        ):
            if ours is not None:
                rows = tuple(_rows(ours, setting.pooled.scores.classes, table, names))
                curve = tuple(_curve(members, theirs.curve)) if part == "train" and same else ()
                tables.append(
                    PublishedTable(setting.number, part, table.table, same, names, rows, curve)
                )
    return tuple(tables)


def report_names(
    totals: Mapping[str, int], classes: Mapping[str, PartCounts]
) -> dict[str, str] | None:
    """Find the report's name of each class by how many scans it has; None where that cannot be.

    Example:
        >>> report_names({"a": 5, "b": 4}, {"a": PartCounts(3, 1), "b": PartCounts(4, 1)})
        {'a': 'b', 'b': 'a'}
    """
    by_total = {found.train + found.test: name for name, found in classes.items()}
    if len(by_total) < len(classes) or sorted(totals.values()) != sorted(by_total):
        return None
    return {name: by_total[count] for name, count in totals.items()}


def _rows(
    ours: ScoreIntervals, classes: Sequence[str], theirs: Table, names: Mapping[str, str]
) -> Iterator[PublishedScore]:
    found = dict(zip(MEASURES, (ours.precisions, ours.recalls, ours.f1s), strict=True))
    for name, report_name in names.items():
        for place, measure in enumerate(MEASURES):
            by_name = theirs.per_class.get(name)
            yield PublishedScore(
                name,
                measure,
                found[measure][classes.index(name)],
                None if by_name is None else by_name[place],
                theirs.per_class[report_name][place],
            )
    for measure in ("accuracy", "balanced_accuracy"):
        value = float(getattr(theirs, measure))
        yield PublishedScore(None, measure, ours.overall[measure], value, value)


def _curve(members: Sequence[FinishedRun], curve: Mapping[int, float]) -> Iterator[CurvePoint]:
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
        yield CurvePoint(epoch, value, sum(reached) / len(reached) if complete else None)
