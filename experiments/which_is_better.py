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
from experiments.heads import SEED, balanced_accuracy
from experiments.kept_table import read_table
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
ALL_SCANS = "patient, all scans"
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

    def paths(self, splits: Sequence[str] = ()) -> list[str]:
        """Give the scans that every seed of both networks answers.

        Args:
            splits: Under each of these; under all that there are where none is named.
        """
        chosen = splits or self.splits
        both = [own[name] for name in chosen for own in (self.small, self.large)]
        return sorted(set.intersection(*(set(one) for seeds in both for one in seeds)))

    def ahead(
        self, lead: Mapping[str, float], paths: Sequence[str] = (), score: str = SCORE
    ) -> SureOf:
        """Give how far the transfer model is ahead of GBMnet.

        Args:
            lead: How often its lead under each split counts, see `LEADS`.
            paths: On which scans; where none are named on those that all splits share.
            score: Of labels, by its key.
        """
        return self._sum([(1, self.large), (-1, self.small)], lead, paths, score)

    def changes(self, lead: Mapping[str, float], paths: Sequence[str] = ()) -> list[SureOf]:
        """Give what `ahead` gives for GBMnet alone, and for the transfer model alone."""
        return [self._sum([(1, own)], lead, paths, SCORE) for own in (self.small, self.large)]

    def _sum(
        self,
        networks: Sequence[tuple[int, Mapping[str, Sequence[Answers]]]],
        lead: Mapping[str, float],
        paths: Sequence[str],
        score: str,
    ) -> SureOf:
        scans = paths or self.paths()
        terms = [
            Term(sign * times, [graded(seed, scans) for seed in network[name]])
            for name, times in lead.items()
            for sign, network in networks
        ]
        return sure_of(terms, len(np.unique(terms[0].seeds[0].labels)), score)


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
    lines = read_table(path)
    found: dict[str, list[Answers]] = {}
    for name in (column for column in lines[0] if SEED in column):
        answers = {
            line["path"]: (line["label"], line[name], line["group"]) for line in lines if line[name]
        }
        found.setdefault(name.partition(SEED)[0], []).append(answers)
    return found


def scored(answers: Answers, paths: Sequence[str]) -> float:
    """Give the balanced accuracy of a seed on some scans."""
    return balanced_accuracy(graded(answers, paths))


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
        networks = (own.small, own.large)
        seeds = ", ".join(str(len(network[own.splits[0]])) for network in networks)
        ways = [(name, lead, own.splits) for name, lead in LEADS.items()]
        ways.append((ALL_SCANS, LEADS[PATIENT], [PATIENT]))
        for title, lead, splits in (way for way in ways if way[1].keys() <= set(own.splits)):
            paths = own.paths(splits)
            if len(lead) == 1:
                (split,) = lead
                scores = [
                    over_seeds([scored(one, paths) for one in net[split]]) for net in networks
                ]
            else:
                changes = own.changes(lead, paths)
                scores = [format_difference(change.over_groups) for change in changes]
            found = own.ahead(lead, paths)
            both = UNKNOWN if found.over_both is None else format_difference(found.over_both)
            ahead = [format_difference(found.over_groups), both]
            rows.append([str(own), seeds, title, format_count(len(paths)), *scores, *ahead])
    columns = ["trained", "seeds", "split", "test scans", "GBMnet", "transfer model"]
    columns += ["ahead, over groups", "ahead, over seeds and groups"]
    note = (
        "Balanced accuracy on the test scans that both splits score, means over seeds, in brackets "
        f"the smallest and the largest; {ALL_SCANS}: on all that are scored over patients. "
        "Seeds: GBMnet's and the transfer model's. "
        "Ahead: the transfer model less GBMnet. Patient less report: how much either network "
        "changes, and how much more the transfer model is ahead, a difference of differences. "
        "In brackets 95 % intervals, paired over groups; over seeds, too, where both networks "
        "have two or more."
    )
    return DataTable("Which network is better, by the split", columns, rows, note, 3)
