"""How the transfer model's score grows with the patients that its head is trained on.

    python -m experiments.how_much_data.learning_curve WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

Of the training part's groups (a patient, or scans that belong together) a tenth, a fourth, half and
all are drawn, class by class, with three seeds; a smaller share is part of the larger one. Each
head takes as many steps as `experiment=leakage` takes with all of them.

Writes `answers.csv.gz`, `parts.csv` and `learning_curve.png` beside this file.
"""

from pathlib import Path

import numpy as np
import torch

from brain_tumor.data.split import Rows
from brain_tumor.metrics.arrays import Labels
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.rendering.charts.style import COLOURS, dress, new_figure
from experiments.frozen_features import composed, frozen_features
from experiments.heads import (
    NONE,
    SEED,
    SEEDS,
    log_probabilities,
    read_answers,
    splits,
    together,
    train_head,
    write_answers,
)
from experiments.kept_table import write_table
from experiments.with_path import run_with_path

SHARES = (10, 25, 50, 100)  # percent of the groups
HERE = Path(__file__).parent
ANSWERS, PARTS = HERE / "answers.csv.gz", HERE / "parts.csv"
SPLITS = {"report": "patients on both sides (report)", "patient": "no patient on both sides"}


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


def main(weights: str) -> None:
    """Train all heads, and write what came out."""
    found = frozen_features(weights)
    prepared, config = found.prepared, composed("experiment=leakage", "model=mobilenetv2")
    labels, groups = prepared.labels, prepared.groups
    targets = torch.from_numpy(labels)
    answers, parts = {}, []
    for name, folds in splits(prepared).items():
        for share in SHARES:
            for seed in SEEDS:
                given = answers[f"{name} {share}{SEED}{seed}"] = np.full(len(labels), NONE)
                for fold, split in enumerate(folds):
                    rows = some_groups(split.train, labels, groups, share, seed)
                    head = train_head(
                        *(config, found.augmented, targets, rows, len(prepared.classes), seed),
                        scans=len(split.train),
                    )
                    said = log_probabilities(head, found.plain[split.test])
                    given[split.test] = said.argmax(dim=1).numpy()
                    known = np.isin(groups[split.test], groups[rows])
                    line = {"split": name, "share": share, "seed": seed, "fold": fold}
                    line |= {"scans": len(rows), "groups": len(np.unique(groups[rows]))}
                    parts.append(line | {"test": len(known), "known": int(known.sum())})
                print(f"{name}, {share} %, seed {seed}", flush=True)
    write_answers(ANSWERS, prepared, answers)
    write_table(PARTS, parts)
    draw()


def draw() -> None:
    """Draw balanced accuracy over the share of groups, from what is kept."""
    classes, answers = read_answers(ANSWERS)
    figure = new_figure(6, 3.2, "Balanced accuracy by the share of training groups")
    axes = figure.subplots()
    for colour, (split, label) in zip(COLOURS, SPLITS.items(), strict=False):
        ends = []
        for share in SHARES:
            own = together(answers, f"{split} {share}")
            scores = bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))
            interval = scores.overall["balanced_accuracy"]
            assert interval is not None, "every class has test scans"
            ends.append((interval.low, interval.value, interval.high))
        low, value, high = zip(*ends, strict=True)
        axes.plot(SHARES, value, "o-", color=colour, label=label)
        axes.fill_between(SHARES, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.set_xscale("log")
    axes.set_xticks(SHARES, [f"{share} %" for share in SHARES])
    axes.minorticks_off()
    dress(axes, "share of the training groups; bands: 95 % intervals over groups of test scans")
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(HERE / "learning_curve.png", metadata={"Software": None})


if __name__ == "__main__":
    run_with_path(main, __doc__)
