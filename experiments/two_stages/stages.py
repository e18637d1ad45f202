"""Tumour or not first, then which kind: two heads of the transfer model in place of one.

    python -m experiments.two_stages.stages WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

Both heads are trained by `experiment=leakage` over four patient folds with three seeds: the first
on all scans of the other folds, the second on those with a tumour. A scan is called healthy where
the first gives a tumour one half or less; else the second names the kind. Writes `answers.csv.gz`
beside this file.
"""

from pathlib import Path

import numpy as np
import torch

from brain_tumor.data.split import Split
from brain_tumor.metrics.arrays import Labels
from experiments.frozen_features import FrozenFeatures, composed, frozen_features
from experiments.heads import (
    NONE,
    SEED,
    SEEDS,
    log_probabilities,
    splits,
    train_head,
    write_answers,
)
from experiments.with_path import run_with_path

ANSWERS = Path(__file__).with_name("answers.csv.gz")
HEALTHY = "notumor"
TWO_STAGES = "two stages"


def in_two_stages(tumour: Labels, kind: Labels, healthy: int) -> Labels:
    """Put the answers of both stages together.

    Args:
        tumour: 1 where the first stage calls a tumour, else 0, `(N,)`, int64.
        kind: What the second calls each scan, as numbers of the classes without the healthy one.
        healthy: Number of the healthy class.

    Example:
        >>> in_two_stages(np.array([0, 1, 1]), np.array([0, 1, 2]), healthy=2)
        array([2, 1, 3])
    """
    return np.where(tumour == 1, kind + (kind >= healthy), healthy)


def fold_answers(found: FrozenFeatures, split: Split, seed: int) -> Labels:
    """Train both heads of a fold, and answer its test scans."""
    labels, healthy = found.prepared.labels, found.prepared.classes.index(HEALTHY)
    config = composed("experiment=leakage", "model=mobilenetv2")
    stages = (
        ((labels != healthy).astype(np.int64), split.train, 2),
        # The healthy class has no number here, and no scan of it is trained on.
        (
            labels - (labels > healthy),
            split.train[labels[split.train] != healthy],
            len(found.prepared.classes) - 1,
        ),
    )
    tumour, kind = (
        log_probabilities(
            train_head(config, found.augmented, torch.from_numpy(own), rows, classes, seed),
            found.plain[split.test],
        )
        .argmax(dim=1)
        .numpy()
        for own, rows, classes in stages
    )
    return in_two_stages(tumour, kind, healthy)


def main(weights: str) -> None:
    """Train all heads, and write what they answer."""
    found = frozen_features(weights)
    answers = {}
    for seed in SEEDS:
        given = answers[f"{TWO_STAGES}{SEED}{seed}"] = np.full(len(found.plain), NONE)
        for fold, split in enumerate(splits(found.prepared)["patient"]):
            given[split.test] = fold_answers(found, split, seed)
            print(f"fold {fold}, seed {seed}", flush=True)
    write_answers(ANSWERS, found.prepared, answers)


if __name__ == "__main__":
    run_with_path(main, __doc__)
