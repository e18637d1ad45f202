"""Scores of kept runs by where a scan comes from, as far as that can be told."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from brain_tumor.compare.settings import RunGroup, gather, joined_groups
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.metrics.uncertainty.significance import GradedPredictions
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count,
    format_counted,
    format_interval,
)
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.finished import HEALTHY, class_numbers
from experiments.findings import Blocks, Findings, kept_runs
from experiments.statements import NAMES

README = Path(__file__).with_name("README.md")
EXPERIMENTS = ("as_reported", "evidence", "harmonised", "unfreeze", "best_report", "best_patient")
SPLITS = ("report", "official", "patient")
FIGSHARE, OTHERS = "Figshare", "others"
BOTH = "meningioma"  # the kind that both sources have enough of to compare
FEW = "pituitary"  # of the others there are too few for an interval
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SourcedAnswers:
    """What the runs of a setting say of their test scans, one run after another.

    Attributes:
        title: The experiment and the network.
        split: Name of the split.
        classes: Names of the classes.
        paths: Path of each scan, N.
        answers: The answers to them.
        figshare: Whether the patient table knows the scan as a slice of the Figshare set, `(N,)`.
    """

    title: str
    split: str
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    answers: GradedPredictions
    figshare: Mask

    def of(self, label: str, source: str | None = None) -> Mask:
        """Tell which scans have a label, and come from a source if one is given, `(N,)`."""
        own: Mask = self.answers.labels == self.classes.index(label)
        if source is not None:
            own &= self.figshare if source == FIGSHARE else ~self.figshare
        return own

    @property
    def tumours(self) -> list[str]:
        """The classes with a tumour."""
        return [name for name in self.classes if name != HEALTHY]

    def share(self, scans: Mask, predicted: str) -> Interval | None:
        """Give the share of some scans that are called one class; None of no scan."""
        if not scans.any():
            return None
        called = (self.answers.predicted == self.classes.index(predicted)).astype(np.int64)
        own = called[scans]
        groups = self.answers.groups[scans]
        return bootstrap_scores(np.ones_like(own), own, groups, classes=2).recalls[1]


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    settings = kept_settings()
    tables = {
        "scans": scans_table(settings),
        "recalls": recalls_table(settings),
        "missed": missed_table(settings),
    }
    return {README: {name: to_markdown(table) for name, table in tables.items()}}


def kept_settings() -> list[SourcedAnswers]:
    """Read what the kept runs say, by split; in an experiment the most frozen network first."""
    found = []
    for experiment in EXPERIMENTS:
        gathered = gather(kept_runs(experiment))
        gathered.sort(key=lambda members: members[0].setting.get("model.unfreeze") or 0)
        found += [sourced(experiment, members) for members in gathered]
    return sorted(found, key=lambda one: SPLITS.index(one.split))


def sourced(experiment: str, members: RunGroup) -> SourcedAnswers:
    """Put the test answers of a setting together with the source of each scan.

    Args:
        experiment: Whose runs they are.
        members: Runs that keep the group and the patient of every test scan.
    """
    classes, setting = members[0].classes, members[0].setting
    tests = [run.predictions["test"] for run in members]
    groups = joined_groups(members)
    assert groups is not None, members[0].folder
    patients = [test.patients for test in tests if test.patients is not None]
    assert len(patients) == len(tests), members[0].folder
    paths = tuple(path for test in tests for path in test.paths)
    answers = GradedPredictions(
        class_numbers([name for test in tests for name in test.labels], classes),
        class_numbers([name for test in tests for name in test.predicted], classes),
        np.unique([groups[path] for path in paths], return_inverse=True)[1].astype(np.int64),
    )
    network, blocks = NAMES[setting["model.name"]], setting.get("model.unfreeze")
    if blocks:
        network = f"MobileNetV2, {format_counted(blocks, 'block')} unfrozen"
    # That table is the only one that these runs knew patients from.
    known = np.concatenate(patients) >= 0
    return SourcedAnswers(
        f"{experiment}: {network}", setting["split.name"], classes, paths, answers, known
    )


def scans_table(settings: list[SourcedAnswers]) -> DataTable:
    """Lay out how many test scans each split has of each source."""
    rows = []
    for split in SPLITS:
        own = next(one for one in settings if one.split == split)
        masks = [own.of(name, source) for source in (FIGSHARE, OTHERS) for name in own.tumours]
        masks.append(own.of(HEALTHY))
        cells = []
        for scans in masks:
            count = len({path for path, kept in zip(own.paths, scans, strict=True) if kept})
            groups = len(np.unique(own.answers.groups[scans]))
            cells.append(f"{format_count(count)} ({format_count(groups)})" if count else "0")
        rows.append([split, *cells])
    names = settings[0].tumours
    columns = [f"{source}: {name}" for source in (FIGSHARE, OTHERS) for name in names]
    note = "In brackets the groups that they belong to: patients, or scans that are related."
    return DataTable("Test scans by source", ["split", *columns, HEALTHY], rows, note)


def recalls_table(settings: list[SourcedAnswers]) -> DataTable:
    """Lay out the recall of each class of each source."""
    rows = []
    for own in settings:
        shares = [own.share(own.of(name, FIGSHARE), name) for name in own.tumours]
        shares += [own.share(own.of(BOTH, OTHERS), BOTH)]
        few = counted(own, own.of(FEW, OTHERS), FEW)
        healthy = own.share(own.of(HEALTHY), HEALTHY)
        cells = [*map(format_interval, shares), few, format_interval(healthy)]
        rows.append([own.split, own.title, *cells])
    columns = [f"{FIGSHARE}: {name}" for name in settings[0].tumours]
    columns += [*(f"{OTHERS}: {name}" for name in (BOTH, FEW)), HEALTHY]
    note = (
        "In brackets 95 % intervals over groups of scans; how much another training would change "
        "is not in them. Of GBMnet in as_reported, and of best_patient, the answers of two seeds "
        "stand together."
    )
    return DataTable("Recall by source", ["split", "runs", *columns], rows, note, 2)


def missed_table(settings: list[SourcedAnswers]) -> DataTable:
    """Lay out how many missed tumours of each source are called healthy."""
    rows = []
    for own in settings:
        missed = own.answers.labels != own.answers.predicted
        cells = []
        for source in (FIGSHARE, OTHERS):
            tumours = np.logical_or.reduce([own.of(name, source) for name in own.tumours])
            cells.append(counted(own, tumours & missed, HEALTHY))
            cells.append(format_interval(own.share(own.of(BOTH, source), HEALTHY)))
        rows.append([own.split, own.title, *cells])
    kinds = ("missed tumours", f"all {BOTH}")
    columns = [f"{source}: {kind}" for source in (FIGSHARE, OTHERS) for kind in kinds]
    note = (
        f"How many are called {HEALTHY}: of the tumour scans that get a wrong answer, and of all "
        f"{BOTH} scans, with 95 % intervals over groups of scans. Where none or all are, an "
        "interval has no width: no resample holds what the scans do not."
    )
    title = f"Tumours that are called {HEALTHY}, by source"
    return DataTable(title, ["split", "runs", *columns], rows, note, 2)


def counted(own: SourcedAnswers, scans: Mask, predicted: str) -> str:
    """Write how many of some scans are called one class."""
    called = own.answers.predicted[scans] == own.classes.index(predicted)
    if not len(called):
        return UNKNOWN
    return f"{format_count(int(called.sum()))} of {format_count(len(called))}"
