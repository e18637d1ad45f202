"""Which of the two networks is better, under each split, and whether the split decides it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brain_tumor.metrics.uncertainty.significance import GradedPredictions
from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_difference
from brain_tumor.rendering.page import DataTable
from brain_tumor.runs.finished import FinishedRun, class_numbers
from experiments.findings import kept_runs, over_seeds
from experiments.heads import SEED, balanced_accuracy, read_lines
from experiments.longer_over_patients.schedule import ANSWERS, EPOCHS, FIRST_ANSWERS
from experiments.seeds_and_groups import SureOf, Term, sure_of

REPORT, PATIENT = "report", "patient"
SMALL, LARGE = "gbmnet", "mobilenetv2"
SCORE = "balanced_accuracy"
# What is compared, by its name: how often the transfer model's lead under each split counts.
LEADS = {
    REPORT: {REPORT: 1},
    PATIENT: {PATIENT: 1},
    "patient less report": {PATIENT: 1, REPORT: -1},
}
Answer = tuple[str, str, str]  # class, predicted class, group
Answers = Mapping[str, Answer]  # by the scan's path


@dataclass(frozen=True)
class Compared:
    """Both networks, trained alike.

    Attributes:
        epochs: For how many epochs.
        rate: At which rate.
        whole: Whether the transfer model was trained as GBMnet is, or its head alone on features.
        small: GBMnet's answers to test scans, a mapping for each seed, by the split; a split that
            nobody trained under is missing.
        large: The transfer model's, likewise.
    """

    epochs: int
    rate: float
    whole: bool
    small: Mapping[str, Sequence[Answers]]
    large: Mapping[str, Sequence[Answers]]

    def __str__(self) -> str:
        """Say how they were trained."""
        how = "" if self.whole else ", the transfer model's head alone"
        return f"{self.epochs} epochs at a rate of {self.rate:g}{how}"

    @property
    def splits(self) -> list[str]:
        """Splits that both networks were trained under."""
        return [name for name in (REPORT, PATIENT) if name in self.small and name in self.large]

    @property
    def paths(self) -> list[str]:
        """Scans that every seed of both networks answers under each of these splits."""
        seeds = [
            one for name in self.splits for own in (self.small, self.large) for one in own[name]
        ]
        return sorted(set.intersection(*map(set, seeds)))

    def ahead(self, lead: Mapping[str, float], score: str = SCORE) -> SureOf:
        """Give how far the transfer model is ahead of GBMnet.

        Args:
            lead: How often its lead under each split counts, see `LEADS`.
            score: Of labels, by its key.
        """
        paths = self.paths
        terms = [
            Term(sign * times, [graded(seed, paths) for seed in network[name]])
            for name, times in lead.items()
            for sign, network in ((1, self.large), (-1, self.small))
        ]
        return sure_of(
            terms, len({self.large[self.splits[0]][0][path][0] for path in paths}), score
        )


def both_networks() -> list[Compared]:
    """Give both networks as they were trained under more than one split, or with several seeds."""
    few = [of_runs(runs_of("evidence", model)) for model in (SMALL, LARGE)]
    first = of_runs(runs_of("open_settings", SMALL, name="as_reported"))
    first |= of_runs(runs_of("longer_over_patients", SMALL))
    long = of_runs(runs_of("as_reported", SMALL))
    return [
        Compared(5, 5e-4, True, *few),
        Compared(EPOCHS, 1e-5, False, first, of_heads(FIRST_ANSWERS)),
        Compared(200, 1e-5, False, long, of_heads(ANSWERS)),
    ]


def runs_of(experiment: str, model: str, **setting: str) -> list[FinishedRun]:
    """Give the runs of a network that an experiment keeps, and that have these values."""
    wanted = {"model.name": model, **setting}
    return [run for run in kept_runs(experiment) if wanted.items() <= run.setting.items()]


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


def graded(answers: Answers, paths: Sequence[str]) -> GradedPredictions:
    """Number classes and groups of some scans, in alphabetic order."""
    rows = [answers[path] for path in paths]
    names = sorted({row[0] for row in rows})
    labels, predicted = (class_numbers([row[k] for row in rows], names) for k in (0, 1))
    groups = np.unique([row[2] for row in rows], return_inverse=True)[1]
    return GradedPredictions(labels, predicted, groups)


def better_table(compared: Sequence[Compared]) -> DataTable:
    """Lay out how far the transfer model is ahead under each split, and how much that differs."""
    rows = []
    for own in compared:
        seeds = ", ".join(str(len(net[own.splits[0]])) for net in (own.small, own.large))
        for name, lead in LEADS.items():
            if lead.keys() <= set(own.splits):
                found = own.ahead(lead)
                both = UNKNOWN if found.over_both is None else format_difference(found.over_both)
                scores = [
                    over_seeds([balanced_accuracy(graded(one, own.paths)) for one in network[name]])
                    if name in own.splits
                    else UNKNOWN
                    for network in (own.small, own.large)
                ]
                ahead = [format_difference(found.over_groups), both]
                rows.append([str(own), seeds, name, format_count(len(own.paths)), *scores, *ahead])
    columns = ["trained", "seeds", "split", "test scans", "GBMnet", "transfer model"]
    columns += ["ahead, over groups", "ahead, over seeds and groups"]
    note = (
        "Balanced accuracy on the test scans that all rows of a training share, means over seeds, "
        "in brackets the smallest and the largest; seeds: GBMnet's and the transfer model's. "
        "Ahead: the transfer model less GBMnet. Patient less report: "
        "how much more the transfer model is ahead over patients, a difference of differences. "
        "In brackets 95 % intervals, paired over groups; over seeds, too, where both networks "
        "have two or more."
    )
    return DataTable("Which network is better, by the split", columns, rows, note, 3)
