"""Heads of the transfer model, trained on frozen features, and what they answer.

Each is trained as a training of the transfer model trains it: the same first weights for the same
seed, the same batches in the same order, the recipe's optimizer and schedule. Two things differ.
Augmentation is that of seed 0 for every seed, and comes again where there are more epochs than
passes; dropout draws other numbers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count, islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from omegaconf import DictConfig
from torch import Tensor, nn

from brain_tumor.config.data import build_split
from brain_tumor.config.instantiate import instantiate
from brain_tumor.data.batch_order import BatchOrder
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import Rows, Split, SplitSettings
from brain_tumor.metrics.arrays import Labels
from brain_tumor.metrics.uncertainty.significance import GradedPredictions
from brain_tumor.models.registry import build_network
from experiments.kept_table import Line, read_table, write_table

FOLDS = 4
SEEDS = (0, 1, 2)  # of a head's weights, the order of its scans and its dropout
NONE = -1  # no answer: the scan was not in the test part
SEED = " seed"  # stands in the name of every answer, in front of the seed


def splits(prepared: PreparedSet, validation: float = 0.0) -> dict[str, list[Split]]:
    """Cut the report's split, and the four folds over patients.

    Args:
        prepared: The scans.
        validation: Share of the training scans of a fold over patients to cut off for validation.
    """
    report = SplitSettings("report", test_fraction=0.25, leaky=True)
    patient = [
        SplitSettings("patient", validation_fraction=validation, folds=FOLDS, fold=fold)
        for fold in range(FOLDS)
    ]
    return {
        "report": [build_split(prepared, report)],
        "patient": [build_split(prepared, one) for one in patient],
    }


def write_split(path: Path, prepared: PreparedSet, split: Split) -> None:
    """Write a file for `split=file`: the scans of each part; those of none are left out."""
    kept, parts = prepared.kept, split.parts.items()
    lines = [{"path": kept[row].path, "part": part} for part, rows in parts for row in rows]
    write_table(path, lines)


def new_head(classes: int, seed: int) -> nn.Module:
    """Make the head that a training with this seed begins with."""
    torch.manual_seed(seed)
    return build_network(classes, "mobilenetv2").get_submodule("head")


def train_head(
    config: DictConfig,
    augmented: Tensor,
    labels: Tensor,
    rows: Rows,
    classes: int,
    seed: int,
    scans: int | None = None,
) -> nn.Module:
    """Train a head, and give it in evaluation mode.

    Args:
        config: The recipe: its optimizer, schedule, batch size and number of epochs.
        augmented: Features of augmented scans, `(passes, N, 1280)`, float32.
        labels: Class numbers, `(N,)`, int64, 0 to `classes` - 1 for the scans of `rows`.
        rows: The scans to train on.
        classes: How many there are.
        seed: Of weights, order and dropout.
        scans: As many steps are taken as this many scans give in the recipe's epochs; None for
            those there are. Fewer scans are gone through in more epochs then.
    """
    head = new_head(classes, seed)
    optimizer = instantiate(config.optimizer, "optimizer")(head.parameters())
    schedule = None
    if config.scheduler is not None:
        schedule = instantiate(config.scheduler, "scheduler")(optimizer)
    each = -(-(scans or len(rows)) // config.data.batch_size)  # steps of one of the recipe's epochs
    order = islice(batches(rows, config.data.batch_size, seed), each * config.trainer.max_epochs)
    for step, (epoch, chosen) in enumerate(order, 1):
        loss = F.cross_entropy(head(augmented[epoch % len(augmented), chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if schedule is not None and step % each == 0:
            schedule.step()
    return head.eval()


def batches(rows: Rows, size: int, seed: int) -> Iterator[tuple[int, Tensor]]:
    """Give epoch and rows of one batch after another, without end, as a training orders them."""
    for epoch in count():
        for share in BatchOrder(rows, size, seed, epoch=partial(int, epoch)):
            yield epoch, torch.from_numpy(share.rows)


@torch.no_grad()
def log_probabilities(head: nn.Module, features: Tensor) -> Tensor:
    """Give the log-probabilities of scans, `(N, classes)`, float32."""
    logits: Tensor = head(features)
    return logits.log_softmax(dim=1)


def write_answers(path: Path, prepared: PreparedSet, answers: Mapping[str, Labels]) -> None:
    """Keep what heads answered to every kept scan.

    Args:
        path: Where, with the ending `.csv.gz`.
        prepared: The scans.
        answers: Class numbers, `(N,)`, int64, by what gave them, as `attention seed0`; `NONE` where
            nothing was asked.
    """
    rows = [
        {"path": scan.path, "label": scan.label, "group": group}
        | {name: named(prepared.classes, given[number]) for name, given in answers.items()}
        for number, (scan, group) in enumerate(zip(prepared.kept, prepared.groups, strict=True))
    ]
    write_table(path, rows)


def named(classes: Sequence[str], number: int) -> str:
    """Name a class, or nothing where there is no answer."""
    return "" if number == NONE else classes[number]


def read_answers(
    path: Path, wanted: Callable[[Line], bool] = bool
) -> tuple[list[str], dict[str, GradedPredictions]]:
    """Read what `write_answers` has written.

    Args:
        path: The file.
        wanted: Which of its rows; all that there are where nothing is said.

    Returns:
        The class names, and by what gave them the answers to the scans that were asked.
    """
    lines = read_table(path)
    classes = sorted({line["label"] for line in lines})
    numbers = {name: number for number, name in enumerate(classes)}
    found = {}
    for name in (column for column in lines[0] if SEED in column):
        asked = [line for line in lines if line[name] and wanted(line)]
        labels, predicted = (
            np.array([numbers[line[column]] for line in asked], np.int64)
            for column in ("label", name)
        )
        groups = np.array([int(line["group"]) for line in asked], np.int64)
        found[name] = GradedPredictions(labels, predicted, groups)
    return classes, found


def of_seeds(answers: Mapping[str, GradedPredictions], name: str) -> list[GradedPredictions]:
    """Give the answers of each seed.

    Args:
        answers: By what gave them.
        name: Without the seed.
    """
    return [one for own, one in answers.items() if own.partition(SEED)[0] == name]


def together(answers: Mapping[str, GradedPredictions], name: str) -> GradedPredictions:
    """Put the answers of all seeds one after another.

    Args:
        answers: By what gave them.
        name: Without the seed.
    """
    chosen = of_seeds(answers, name)
    return GradedPredictions(
        np.concatenate([one.labels for one in chosen]),
        np.concatenate([one.predicted for one in chosen]),
        np.concatenate([one.groups for one in chosen]),
    )


def each_seed(answers: Mapping[str, GradedPredictions], name: str) -> list[float]:
    """Give the balanced accuracy of each seed.

    Args:
        answers: By what gave them.
        name: Without the seed.
    """
    return [balanced_accuracy(one) for one in of_seeds(answers, name)]


def balanced_accuracy(answers: GradedPredictions) -> float:
    """Give the mean recall of the classes that have scans."""
    right, labels = answers.labels == answers.predicted, answers.labels
    return float(np.mean([right[labels == label].mean() for label in np.unique(labels)]))
