"""What networks say of the tumours of a source that training never saw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from brain_tumor.compare.settings import RunGroup, gather
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.metrics.uncertainty.significance import GradedPredictions, paired_bootstrap
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count,
    format_difference,
    format_interval,
)
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.finished import HEALTHY, FinishedRun
from experiments.by_source.tables import (
    BOTH,
    FEW,
    FIGSHARE,
    OTHERS,
    Mask,
    SourcedAnswers,
    counted,
    sourced,
)
from experiments.findings import Blocks, Findings, kept_runs
from experiments.heads import SEED, read_answers, together
from experiments.kept_table import Line, read_table
from experiments.unseen_source.left_out import SOURCES
from experiments.unseen_source.train_heads import (
    ANSWERS,
    AUGMENTED,
    CORRUPTED,
    STRENGTHS,
    WITH,
    WITHOUT,
)
from experiments.unseen_source.train_heads import FEW as AS_FEW

README = Path(__file__).with_name("README.md")
PATIENT = "patient"  # the split of networks that saw the others' tumours
OFTEN = 0.5  # how often the changes of contrast were drawn, where that was tried
GOAL = 0.80  # mean recall on the tumours of a source that training never saw, set beforehand


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    tables = {
        "fine_tuned": fine_tuned_table(),
        "kinds": kinds_table(),
        "heads": heads_table(),
        "corrupted": corrupted_table(),
    }
    return {README: {name: to_markdown(table) for name, table in tables.items()}}


def of_both(line: Line) -> bool:
    """Tell whether a scan has a tumour of a kind that both sources have."""
    return line["label"] in (BOTH, FEW)


def healthy(line: Line) -> bool:
    """Tell whether a scan is healthy."""
    return line["label"] == HEALTHY


def fine_tuned_table() -> DataTable:
    """Lay out the recalls of fine-tuned networks that saw the others' tumours, or did not.

    All are asked the same test scans: each of the others' tumours, and what else is in the first
    fold's test part.
    """
    settings = fine_tuned()
    plain = next(own for own in settings if own.training == WITHOUT)
    rows = []
    for own in settings:
        answers, asked = own.answers, own.asked
        rows.append(
            [
                *own.title(),
                format_interval(answers.share(answers.of(BOTH, OTHERS), BOTH)),
                own.change_from(plain),
                counted(answers, answers.of(FEW, OTHERS), FEW),
                format_interval(mean_recall(answers, own.others)),
                counted(answers, answers.of(BOTH, OTHERS), HEALTHY),
                format_interval(mean_recall(answers, asked & answers.figshare)),
                format_interval(answers.share(answers.of(HEALTHY) & asked, HEALTHY)),
            ]
        )
    columns = [*TITLE, f"others: {BOTH}", "change", f"others: {FEW}"]
    columns += ["others: mean of both", f"others: {BOTH} called {HEALTHY}"]
    columns += ["Figshare: mean recall", HEALTHY]
    note = (
        "The others' tumours are asked of networks that did not train on the scan's group; "
        "Figshare's and healthy scans are those of the first fold. The answers of all seeds "
        "together; in brackets 95 % intervals over groups of scans. Change: from the recipe as it "
        "is, paired, on the seeds that both have."
    )
    return DataTable("Fine-tuned networks and the others' tumours", columns, rows, note, 2)


def kinds_table() -> DataTable:
    """Lay out the recalls of the same networks where they may name kinds of tumours alone."""
    settings = fine_tuned(without_healthy)
    plain = next(own for own in settings if own.training == WITHOUT)
    rows = []
    for own in settings:
        answers = own.answers
        rows.append(
            [
                *own.title(),
                format_interval(answers.share(answers.of(BOTH, OTHERS), BOTH)),
                own.change_from(plain),
                counted(answers, answers.of(FEW, OTHERS), FEW),
                format_interval(mean_recall(answers, own.others)),
                format_interval(mean_recall(answers, own.asked & answers.figshare)),
            ]
        )
    columns = [*TITLE, f"others: {BOTH}", "change", f"others: {FEW}", "others: mean of both"]
    note = (
        "The same networks and scans as above, with the same intervals. Each answer is the "
        "likeliest of the kinds of tumours."
    )
    title = "The kind, where it is known that there is a tumour"
    return DataTable(title, [*columns, "Figshare: mean recall"], rows, note, 2)


TITLE = ("trained", "way", "epochs", "seeds")  # what `FineTuned.title` gives


@dataclass(frozen=True)
class FineTuned:
    """A setting of fine-tuned networks.

    Attributes:
        training: With the others' tumours or without.
        runs: Its seeds, or folds.
        answers: What they say.
        asked: Which answers are to scans that all settings are asked, `(N,)`.
    """

    training: str
    runs: RunGroup
    answers: SourcedAnswers
    asked: Mask

    @property
    def others(self) -> Mask:
        """Tell which answers are to the others' tumours of the kinds that both sources have."""
        return self.asked & (self.answers.of(BOTH, OTHERS) | self.answers.of(FEW, OTHERS))

    def change_from(self, plain: "FineTuned") -> str:
        """Write what the others' meningiomas gain, if it is another way without the source."""
        if self.training == WITH or self.runs == plain.runs:
            return UNKNOWN
        return format_difference(gained(plain.runs, self.runs))

    def title(self) -> list[str]:
        """Say what it is, by `TITLE`."""
        setting = self.runs[0].setting
        seeds = str(len({run.seed for run in self.runs}))
        return [self.training, way(setting), str(setting["trainer.max_epochs"]), seeds]


def fine_tuned(answered: Callable[[FinishedRun], FinishedRun] | None = None) -> list[FineTuned]:
    """Gather the kept fine-tuned networks, those that saw the others' tumours first.

    Args:
        answered: Gives a run with other answers to the same scans.
    """
    # One split, whatever its file was called.
    kept = [
        replace(run, setting={**run.setting, "split.path": None})
        for run in kept_runs("unseen_source")
    ]
    groups = sorted(gather(kept), key=lambda own: _order(own[0].setting))
    without = [own for own in groups if own[0].setting["split.name"] != PATIENT]
    seen = [*gather(kept_runs("best_patient")), *(own for own in groups if own not in without)]
    first = sourced("unseen_source", without[0])
    found = []
    for runs in (*seen, *without):
        training = WITHOUT if runs in without else WITH
        own = runs if answered is None else tuple(map(answered, runs))
        answers = sourced("unseen_source", own)
        found.append(FineTuned(training, own, answers, np.isin(answers.paths, first.paths)))
    return found


def without_healthy(run: FinishedRun) -> FinishedRun:
    """Give a run whose answers to test scans are the likeliest kinds of tumours."""
    test, healthy = run.predictions["test"], run.classes.index(HEALTHY)
    logits = test.logits.copy()
    logits[:, healthy] = -np.inf
    kinds = tuple(run.classes[number] for number in logits.argmax(axis=1))
    return replace(run, predictions={**run.predictions, "test": replace(test, predicted=kinds)})


def way(setting: Mapping[str, Any]) -> str:
    """Name what was done against the look of a source."""
    found = [
        words
        for words, done in (
            ("harmonised", setting["data.harmonise.intensity"]),
            ("amplitudes mixed", 0 < (setting.get("augment.mix_probability") or 0) < 1),
            ("amplitudes of every scan mixed", setting.get("augment.mix_probability") == 1),
            ("contrast drawn more often", setting["augment.operations.gamma.probability"] == OFTEN),
        )
        if done
    ]
    return ", ".join(found) or "as in best_patient"


def _order(setting: Mapping[str, Any]) -> tuple[int, str, int]:
    named, epochs = way(setting), int(setting["trainer.max_epochs"])
    return named.count(",") + (named != "as in best_patient"), named, epochs


def gained(one: RunGroup, other: RunGroup) -> Interval:
    """Give what the recall of the others' meningiomas gains from one setting to another."""
    seeds = {run.seed for run in one} & {run.seed for run in other}
    both = []
    for runs in (one, other):
        found = sourced("unseen_source", tuple(run for run in runs if run.seed in seeds))
        asked = found.of(BOTH, OTHERS)
        paths = tuple(path for path, own in zip(found.paths, asked, strict=True) if own)
        both.append((paths, found.answers, asked, found.classes))
    (paths, first, asked, classes), (other_paths, second, other_asked, _) = both
    assert paths == other_paths
    groups = first.groups[asked]  # harmonised scans have the same: a test looks
    before, after = (
        GradedPredictions(own.labels[which], own.predicted[which], groups)
        for own, which in ((first, asked), (second, other_asked))
    )
    gain = paired_bootstrap(before, after, len(classes))["balanced_accuracy"]
    assert gain is not None
    return gain


def mean_recall(answers: SourcedAnswers, scans: Mask) -> Interval | None:
    """Give the mean of the recalls of the classes that some scans have."""
    own = answers.answers
    found = bootstrap_scores(
        own.labels[scans], own.predicted[scans], own.groups[scans], len(answers.classes)
    )
    return found.overall["balanced_accuracy"]


def heads_table() -> DataTable:
    """Lay out the recalls of heads with and without the source that they are tested on."""
    rows = []
    for kind, path in ANSWERS.items():
        _, tumours = read_answers(path, of_both)
        classes, others = read_answers(path, healthy)
        for source in asked_sources(kind):
            first = together(tumours, f"{source}, {WITH}")
            for training in trainings(source):
                own = together(tumours, f"{source}, {training}")
                scores = bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))
                recalls = dict(zip(classes, scores.recalls, strict=True))
                few = called(own, classes.index(FEW), classes.index(FEW))
                less = paired_bootstrap(first, own, len(classes))["balanced_accuracy"]
                without_tumour = together(others, f"{source}, {training}")
                rows.append(
                    [
                        *(source, kind, training, format_interval(recalls[BOTH])),
                        few if source == OTHERS else format_interval(recalls[FEW]),
                        format_interval(scores.overall["balanced_accuracy"]),
                        UNKNOWN if training == WITH else format_difference(less),
                        called(own, classes.index(BOTH), classes.index(HEALTHY)),
                        healthy_recall(without_tumour, classes),
                    ]
                )
    columns = ["tested source", "scans", "trained", BOTH, FEW, "mean of both"]
    columns += ["change", f"{BOTH} called {HEALTHY}", f"{HEALTHY} scans of the same folds"]
    note = (
        "Four patient folds, the answers of three seeds together; in brackets 95 % intervals over "
        "groups of scans, paired for the change from the head that saw the source. Of the others' "
        "pituitary tumours there are 15 scans, each answered by three seeds: they are counted. "
        "Gliomas are left out, as the others have none."
    )
    return DataTable(
        "Tumours of a source, by heads that saw it and heads that did not", columns, rows, note, 3
    )


def asked_sources(kind: str) -> tuple[str, ...]:
    """Give the sources that heads of one kind of scans were tested on."""
    return SOURCES if kind == AUGMENTED else (OTHERS,)


def trainings(source: str) -> tuple[str, ...]:
    """Give what heads tested on a source were trained on."""
    return (WITH, WITHOUT, AS_FEW) if source == FIGSHARE else (WITH, WITHOUT)


def called(own: GradedPredictions, label: int, predicted: int) -> str:
    """Write how many scans of a class are called one class."""
    said = own.predicted[own.labels == label] == predicted
    return f"{format_count(int(said.sum()))} of {format_count(len(said))}"


def healthy_recall(own: GradedPredictions, classes: list[str]) -> str:
    """Write the recall of the healthy class."""
    scores = bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))
    return format_interval(scores.recalls[classes.index(HEALTHY)])


def corrupted_table() -> DataTable:
    """Lay out the recalls of the others' tumours under corruptions."""
    rows = []
    for strength in (0, *STRENGTHS):
        for training in (WITH, WITHOUT):
            classes, own = corrupted_answers(strength, training)
            scores = bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))
            recalls = dict(zip(classes, scores.recalls, strict=True))
            shown = [recalls[BOTH], recalls[FEW], scores.overall["balanced_accuracy"]]
            rows.append([str(strength), training, *map(format_interval, shown)])
    columns = ["strength", "trained", BOTH, FEW, "mean of both"]
    note = (
        "Strength 0 are the scans as they are. 146 meningiomas, 15 pituitary tumours; means over "
        "14 corruptions and three seeds; in brackets 95 % intervals over groups of scans. Where "
        "all are found, an interval has no width."
    )
    return DataTable("The others' tumours, corrupted", columns, rows, note, 2)


def corrupted_answers(strength: int, training: str) -> tuple[list[str], GradedPredictions]:
    """Read the answers to the others' tumours under all corruptions of a strength.

    Args:
        strength: 0 for scans as they are.
        training: `WITH` or `WITHOUT`.

    Returns:
        The class names, and the answers of all seeds.
    """
    classes, _ = read_answers(ANSWERS[AUGMENTED])
    if not strength:
        _, own = read_answers(ANSWERS[AUGMENTED], of_both)
        return classes, together(own, f"{OTHERS}, {training}")
    numbers = {name: number for number, name in enumerate(classes)}
    chosen = [line for line in read_table(CORRUPTED) if line["strength"] == str(strength)]
    asked = [
        (line, name) for line in chosen for name in line if name.partition(SEED)[0] == training
    ]
    labels = np.array([numbers[line["label"]] for line, _ in asked], np.int64)
    predicted = np.array([numbers[line[name]] for line, name in asked], np.int64)
    groups = np.array([int(line["group"]) for line, _ in asked], np.int64)
    return classes, GradedPredictions(labels, predicted, groups)
