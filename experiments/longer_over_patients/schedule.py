"""The report's own schedule for the transfer model's head, under its split and over patients.

    python -m experiments.longer_over_patients.schedule WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

200 epochs at a rate of 1e-5, as `experiment=report_mobilenetv2` has them, with three seeds, on
frozen features; and the first 20 of them, which is as far as GBMnet gets over patients on a CPU.
Writes `answers.csv.gz` and `answers_20.csv.gz` beside this file.
"""

from pathlib import Path

import numpy as np
import torch

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

ANSWERS, FIRST_ANSWERS = (
    Path(__file__).with_name(name) for name in ("answers.csv.gz", "answers_20.csv.gz")
)
EPOCHS = 20  # of the first answers; the rate is fixed, so these are the first of the 200


def main(weights: str) -> None:
    """Train all heads, and write what they answer."""
    found = frozen_features(weights)
    train(found, FIRST_ANSWERS, f"trainer.max_epochs={EPOCHS}")
    train(found, ANSWERS)


def train(found: FrozenFeatures, path: Path, *words: str) -> None:
    """Train heads for all seeds and splits, and write what they answer.

    Args:
        found: What they see.
        path: Where the answers go.
        words: What is typed behind the experiment's name.
    """
    prepared, config = found.prepared, composed("experiment=report_mobilenetv2", *words)
    targets = torch.from_numpy(prepared.labels)
    answers = {}
    for seed in SEEDS:
        for name, folds in splits(prepared).items():
            given = answers[f"{name}{SEED}{seed}"] = np.full(len(targets), NONE)
            for fold, split in enumerate(folds):
                classes = len(prepared.classes)
                head = train_head(config, found.augmented, targets, split.train, classes, seed)
                said = log_probabilities(head, found.plain[split.test])
                given[split.test] = said.argmax(dim=1).numpy()
                print(f"{name}, fold {fold}, seed {seed}", flush=True)
    write_answers(path, prepared, answers)


if __name__ == "__main__":
    run_with_path(main, __doc__)
