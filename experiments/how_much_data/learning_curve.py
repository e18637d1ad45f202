"""How the transfer model's score grows with the patients that its head is trained on.

    python -m experiments.how_much_data.learning_curve WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

Of the training part's groups (a patient, or scans that belong together) a tenth, a fourth, half and
all are drawn, class by class, with three seeds; a smaller share is part of the larger one. Each
head takes as many steps as `experiment=leakage` takes with all of them.

Writes `answers.csv.gz`, `parts.csv` and `learning_curve.png` beside this file.
"""

import numpy as np
import torch

from experiments.frozen_features import composed, frozen_features
from experiments.heads import NONE, SEEDS, log_probabilities, splits, train_head, write_answers
from experiments.how_much_data.picture import draw
from experiments.how_much_data.shares import HEAD, SHARES, answer_name, some_groups, trained_on
from experiments.kept_table import write_table
from experiments.with_path import run_with_path


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
                given = answers[answer_name(name, share, seed)] = np.full(len(labels), NONE)
                for split in folds:
                    rows = some_groups(split.train, labels, groups, share, seed)
                    head = train_head(
                        *(config, found.augmented, targets, rows, len(prepared.classes), seed),
                        scans=len(split.train),
                    )
                    said = log_probabilities(head, found.plain[split.test])
                    given[split.test] = said.argmax(dim=1).numpy()
                    parts.append(trained_on(name, share, seed, rows, split.test, groups))
                print(f"{name}, {share} %, seed {seed}", flush=True)
    write_answers(HEAD.answers, prepared, answers)
    write_table(HEAD.parts, parts)
    draw()


if __name__ == "__main__":
    run_with_path(main, __doc__)
