"""Which of the two networks is better, under each split, and whether the split decides it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brain_tumor.metrics.uncertainty.significance import GradedPredictions
from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_difference
from brain_tumor.rendering.page import DataTable
from brain_tumor.runs.finished import FinishedRun, class_numbers
from experiments.findings import kept_runs
from experiments.heads import SEED, read_lines
from experiments.seeds_and_groups import Term, sure_of

REPORT, PATIENT = "report", "patient"
Answer = tuple[str, str, str]  # class, predicted class, group
Answers = Mapping[str, Answer]  # by the scan's path


@dataclass(frozen=True)
class Compared:
    """Both networks, trained alike, under both splits.

    Attributes:
        trained: How, in words.
        small: GBMnet's answers, a mapping for each seed, by the split; a split may be missing.
        large: The transfer model's, likewise.
    """

    trained: str
    small: Mapping[str, Sequence[Answers]]
    large: Mapping[str, Sequence[Answers]]


def of_runs(runs: Sequence[FinishedRun]) -> dict[str, list[Answers]]:
    """Give what runs of one network answer to test scans, by the split, folds of a seed together.

    Folds that are missing are left out.
    """
    found: dict[str, dict[tuple[int, int], dict[str, Answer]]] = {}
    for run in runs:
        assert run.groups is not None, run.folder
        own = found.setdefault(str(run.setting["split.name"]), {}).setdefault(run.seeds, {})
        own.update({path: (*pair, run.groups[path]) for path, pair in run.test.items()})
    return {split: list(seeds.values()) for split, seeds in found.items()}


def of_heads(path: Path) -> dict[str, list[Answers]]:
    """Give what heads answered, by the split, a mapping for each seed.

    Args:
        path: A file that `heads.write_answers` has written.
    """
    lines = read_lines(path)
    found: dict[str, list[Answers]] = {}
    for name in (column for column in lines[0] if SEED in column):
        answers = {
            line["path"]: (line["label"], line[name], line["group"]) for line in lines if line[name]
        }
        found.setdefault(name.partition(SEED)[0], []).append(answers)
    return found


def runs_of(experiment: str, model: str, **setting: str) -> list[FinishedRun]:
    """Give the runs of a network that an experiment keeps, and that have these values."""
    wanted = {"model.name": model, **setting}
    return [run for run in kept_runs(experiment) if wanted.items() <= run.setting.items()]


def better_table(compared: Sequence[Compared]) -> DataTable:
    """Lay out how far the transfer model is ahead under each split, and how much that differs."""
    rows = []
    for own in compared:
        seeds = ", ".join(
            str(len(next(iter(network.values())))) for network in (own.small, own.large)
        )
        splits = [name for name in (REPORT, PATIENT) if name in own.small and name in own.large]
        # The same scans in all rows, so that splits differ in what was trained on alone.
        everything = [
            seed for name in splits for net in (own.small, own.large) for seed in net[name]
        ]
        paths = sorted(set[str].intersection(*(set(seed) for seed in everything)))
        signs = {name: {name: 1.0} for name in splits}
        if len(splits) == 2:
            signs["patient less report"] = {PATIENT: 1.0, REPORT: -1.0}
        for title, times in signs.items():
            terms = [
                Term(sign * times[name], [graded(seed, paths) for seed in network[name]])
                for name in times
                for sign, network in ((1.0, own.large), (-1.0, own.small))
            ]
            classes = len({everything[0][path][0] for path in paths})
            found = sure_of(terms, classes)
            both = UNKNOWN if found.over_both is None else format_difference(found.over_both)
            cells = [format_count(len(paths)), format_difference(found.over_groups), both]
            rows.append([own.trained, seeds, title, *cells])
    columns = ["trained", "seeds", "split", "test scans", "over groups", "over seeds and groups"]
    note = (
        "Balanced accuracy of the transfer model less that of GBMnet, on the test scans that both "
        "splits score, and for how many seeds: GBMnet's, the transfer model's. Patient less report: "
        "how much more the transfer model is ahead over patients, a difference of differences. In "
        "brackets 95 % intervals, paired over groups; over seeds, too, where both networks have two "
        "or more."
    )
    return DataTable("Which network is better, by the split", columns, rows, note, 3)


def graded(answers: Answers, paths: Sequence[str]) -> GradedPredictions:
    """Number classes and groups of some scans, in alphabetic order."""
    rows = [answers[path] for path in paths]
    names = sorted({row[0] for row in rows})
    labels, predicted = (class_numbers([row[k] for row in rows], names) for k in (0, 1))
    groups = np.unique([row[2] for row in rows], return_inverse=True)[1]
    return GradedPredictions(labels, predicted, groups)
