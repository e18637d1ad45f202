"""Heads of the transfer model that never saw the tumours of one source, tested on that source.

    python -m experiments.unseen_source.train_heads WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

By `experiment=leakage` over the four patient folds, three seeds. In each fold a head is trained
with all sources, and one without the tumours of the source; both answer the source's tumours in the
fold's test part, and its healthy scans. For Figshare a third sees as many of Figshare's tumours as
there are of the others, drawn by the seed, and no glioma, as the second. Each head takes as many
steps as with all scans.

This for scans as the recipe augments them; for the others also for scans as they are, prepared and
harmonised.
Writes an `answers_*.csv.gz` for each beside this file, and `corrupted.csv.gz`: what the first kind
of heads says of the others' tumours, corrupted.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import Rows
from brain_tumor.data.transforms.corruptions import CORRUPTIONS, corrupt
from brain_tumor.metrics.arrays import Labels
from brain_tumor.runs.finished import HEALTHY
from experiments.by_source.tables import FIGSHARE, OTHERS
from experiments.frozen_features import (
    FrozenFeatures,
    composed,
    frozen_features,
    frozen_network,
)
from experiments.heads import NONE, SEED, SEEDS, log_probabilities, named, splits, train_head
from experiments.heads import write_answers as write_heads
from experiments.kept_table import write_table
from experiments.unseen_source.left_out import SOURCES, tumours_of, without
from experiments.with_path import run_with_path

HERE = Path(__file__).parent
AUGMENTED, PLAIN, HARMONISED = "augmented", "plain", "harmonised"
ANSWERS = {kind: HERE / f"answers_{kind}.csv.gz" for kind in (AUGMENTED, PLAIN, HARMONISED)}
CORRUPTED = HERE / "corrupted.csv.gz"
WITH, WITHOUT, FEW = "with it", "without it", "with as few of it"
STRENGTHS = (3, 5)
BATCH = 32


def training_scans(prepared: PreparedSet, train: Rows, source: str, seed: int) -> dict[str, Rows]:
    """Give what each head is trained on, by `WITH`, `WITHOUT` and, for Figshare, `FEW`.

    Args:
        prepared: The scans.
        train: Training scans of a fold.
        source: Whose tumours the second head never sees.
        seed: Of the drawing of few.
    """
    own = tumours_of(prepared, source)
    found = {WITH: train, WITHOUT: without(train, own, prepared.groups)}
    if source == FIGSHARE:
        generator, labels = np.random.default_rng(seed), prepared.labels
        others = found[WITHOUT][tumours_of(prepared, OTHERS)[found[WITHOUT]]]
        drawn = [np.setdiff1d(found[WITHOUT], others)]
        for label, count in zip(*np.unique(labels[others], return_counts=True), strict=True):
            like = train[own[train] & (labels[train] == label)]
            drawn.append(generator.choice(like, count, replace=False))
        found[FEW] = np.sort(np.concatenate(drawn))
    return found


def trained_heads(
    found: FrozenFeatures, sources: tuple[str, ...] = SOURCES
) -> Iterator[tuple[str, str, int, Rows, nn.Module]]:
    """Train all heads on some features.

    Yields:
        The source left out, what the head was trained on, its seed, the test scans of its fold,
        and the head.
    """
    config = composed("experiment=leakage", "model=mobilenetv2")
    prepared, targets = found.prepared, torch.from_numpy(found.prepared.labels)
    for fold, split in enumerate(splits(prepared)["patient"]):
        for source in sources:
            for seed in SEEDS:
                parts = training_scans(prepared, split.train, source, seed)
                for training, rows in parts.items():
                    head = train_head(
                        *(config, found.augmented, targets, rows, len(prepared.classes), seed),
                        scans=len(split.train),
                    )
                    yield source, training, seed, split.test, head
        print(f"fold {fold}", flush=True)


def answered(head: nn.Module, features: Tensor) -> Labels:
    """Give the class numbers that a head answers, `(N,)`, int64."""
    found: Labels = log_probabilities(head, features).argmax(dim=1).numpy()
    return found


def corrupted_features(weights: str, rows: Rows) -> dict[tuple[str, int], Tensor]:
    """Give the features of some scans under every corruption, each `(N, 1280)`, float32."""
    prepared, _, network = frozen_network(weights)
    images = torch.from_numpy(prepared.images[rows]).unsqueeze(1)
    found = {}
    for name in CORRUPTIONS:
        for strength in STRENGTHS:
            worse = corrupt(images, rows, name, strength, seed=0)
            with torch.no_grad():
                made = [network.pool(batch) for batch in torch.split(worse, BATCH)]
            found[name, strength] = torch.cat(made)
    return found


def write_answers(kind: str, found: FrozenFeatures, sources: tuple[str, ...] = SOURCES) -> None:
    """Train the heads of one kind of scans, and write what they answer.

    Args:
        kind: One of `ANSWERS`.
        found: The features of these scans.
        sources: Whose tumours are left out, one after the other.
    """
    prepared = found.prepared
    answers: dict[str, Labels] = {}
    healthy = prepared.labels == prepared.classes.index(HEALTHY)
    for source, training, seed, test, head in trained_heads(found, sources):
        name = f"{source}, {training}{SEED}{seed}"
        given = answers.setdefault(name, np.full(len(prepared.labels), NONE))
        asked = test[(tumours_of(prepared, source) | healthy)[test]]
        given[asked] = answered(head, found.plain[asked])
    write_heads(ANSWERS[kind], prepared, answers)


def write_corrupted(weights: str, found: FrozenFeatures) -> None:
    """Train the heads for the others' tumours again, and write what they answer to corrupted ones.

    Args:
        weights: Of the network, as `model.weights`.
        found: The features of augmented scans.
    """
    prepared = found.prepared
    others = np.flatnonzero(tumours_of(prepared, OTHERS))
    worse = corrupted_features(weights, others)
    kept, groups = prepared.kept, prepared.groups
    lines: dict[tuple[str, int, int], dict[str, Any]] = {
        (corruption, strength, row): {
            "path": kept[row].path,
            "label": kept[row].label,
            "group": groups[row],
            "corruption": corruption,
            "strength": strength,
        }
        for corruption, strength in worse
        for row in map(int, others)
    }
    for _, training, seed, test, head in trained_heads(found, (OTHERS,)):
        mine = np.isin(others, test)
        for (corruption, strength), features in worse.items():
            said = answered(head, features[mine])
            for row, number in zip(others[mine], said, strict=True):
                lines[corruption, strength, row][f"{training}{SEED}{seed}"] = named(
                    prepared.classes, number
                )
    write_table(CORRUPTED, lines.values())


def main(weights: str) -> None:
    """Train all heads, and write what they answer."""
    augmented = frozen_features(weights)
    write_answers(AUGMENTED, augmented)
    write_corrupted(weights, augmented)
    write_answers(PLAIN, replace(augmented, augmented=augmented.plain[None]), (OTHERS,))
    # Harmonised scans are the same files in the same order, and groups come from whole frames: one
    # prepared set stands for both.
    harmonised = frozen_features(weights, "data/harmonise=all", passes=0)
    assert [scan.path for scan in harmonised.prepared.kept] == [
        scan.path for scan in augmented.prepared.kept
    ]
    write_answers(HARMONISED, replace(harmonised, prepared=augmented.prepared), (OTHERS,))


if __name__ == "__main__":
    run_with_path(main, __doc__)
