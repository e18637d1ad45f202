"""Shares of the training groups, and where what was trained on them is kept."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brain_tumor.data.split import Rows
from brain_tumor.metrics.arrays import Labels
from experiments.heads import SEED

SHARES = (10, 25, 50, 100)  # percent of the groups
SPLITS = {"report": "patients on both sides (report)", "patient": "no patient on both sides"}
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Kept:
    """Where one network's answers are kept, and how many scans each was trained on."""

    answers: Path
    parts: Path


HEAD = Kept(HERE / "answers.csv.gz", HERE / "parts.csv")
GBMNET = Kept(HERE / "gbmnet.csv.gz", HERE / "gbmnet_parts.csv")


def answer_name(split: str, share: int, seed: int) -> str:
    """Name the answers of one training in a file of answers."""
    return f"{split} {share}{SEED}{seed}"


def trained_on(
    split: str, share: int, seed: int, rows: Rows, test: Rows, groups: Labels
) -> dict[str, str | int]:
    """Count the scans and groups of one training, and the test scans that it knows.

    Args:
        split: One of `SPLITS`.
        share: In percent.
        seed: Of the drawing.
        rows: The training scans.
        test: The test scans.
        groups: Group of each scan, `(N,)`, int64.
    """
    known = np.isin(groups[test], groups[rows])
    return {
        "split": split,
        "share": share,
        "seed": seed,
        "scans": len(rows),
        "groups": len(np.unique(groups[rows])),
        "test": len(known),
        "known": int(known.sum()),
    }


def some_groups(rows: Rows, labels: Labels, groups: Labels, share: int, seed: int) -> Rows:
    """Draw a share of the groups of some scans, class by class, and give their scans.

    Args:
        rows: The scans.
        labels: Class numbers of all scans, `(N,)`, int64; a group counts for the class that most of
            its scans have.
        groups: Group of each, likewise.
        share: In percent; of each class at least one group is drawn.
        seed: Of the drawing. With the same seed a smaller share is part of a larger one.
    """
    generator = np.random.default_rng(seed)
    members, of_row = np.unique(groups[rows], return_inverse=True)
    counts = np.zeros((len(members), labels.max() + 1), np.int64)
    np.add.at(counts, (of_row, labels[rows]), 1)
    main = counts.argmax(axis=1)
    drawn = []
    for label in np.unique(main):
        own = generator.permutation(members[main == label])
        drawn.append(own[: max(1, round(len(own) * share / 100))])
    return rows[np.isin(groups[rows], np.concatenate(drawn))]
