"""How GBMnet's score grows with the patients that it is trained on.

    python -m experiments.how_much_data.gbmnet RUNS        (BRAIN_TUMOR_DATA=FOLDER)

The same shares as for the heads of `learning_curve.py`, drawn by the same seeds, under the report's
split and in the first fold over patients. Every network takes about as many steps as
`experiment=leakage` takes with all scans: with fewer scans it has more epochs, and the schedule
ends with the last of them. `RUNS` gets a run folder for each network; one that is finished there is
not trained again. Writes `gbmnet.csv.gz`, `gbmnet_parts.csv` and `learning_curve.png` beside this
file.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

import brain_tumor
from brain_tumor.config.data import build_prepared
from brain_tumor.config.data_settings import data_settings
from brain_tumor.data.split import TEST
from brain_tumor.runs.finished import class_numbers, read_run
from experiments.frozen_features import composed
from experiments.heads import NONE, SEEDS, splits, write_answers, write_split
from experiments.how_much_data.picture import draw
from experiments.how_much_data.shares import GBMNET, SHARES, answer_name, some_groups, trained_on
from experiments.kept_table import write_table
from experiments.with_path import run_with_path

RECIPE = "leakage"


def train(folder: Path, table: Path, seed: int, epochs: int, leaky: bool) -> None:
    """Train GBMnet on the scans of a file, and score its last epoch.

    Args:
        folder: Of the run.
        table: The split.
        seed: Of weights, order, augmentation and dropout.
        epochs: How many.
        leaky: A group has scans in training and in test.
    """
    # No epoch but the last is scored: that would take half the time.
    overrides = ["name=how_much_data", "threads=1", f"+trainer.check_val_every_n_epoch={epochs}"]
    overrides += [f"split.path={table}", f"split.leaky={leaky}"]
    brain_tumor.train(
        experiment=RECIPE,
        model="gbmnet",
        split="file",
        seed=seed,
        device="cpu",
        max_epochs=epochs,
        run_folder=folder,
        overrides=overrides,
    )


def main(runs: str) -> None:
    """Train all networks, and write what came out."""
    config = composed(f"experiment={RECIPE}", "model=gbmnet")
    prepared = build_prepared(data_settings(config.data))
    labels, groups, size = prepared.labels, prepared.groups, config.data.batch_size
    row_of = {scan.path: row for row, scan in enumerate(prepared.kept)}
    Path(runs).mkdir(parents=True, exist_ok=True)
    answers, parts = {}, []
    for seed in SEEDS:
        for name, (split, *_) in splits(prepared).items():
            for share in SHARES:
                rows = some_groups(split.train, labels, groups, share, seed)
                folder = Path(runs) / f"{name}-{share}-seed{seed}"
                if not (folder / "metrics.json").exists():
                    table = folder.with_suffix(".csv")
                    write_split(table, prepared, replace(split, train=rows))
                    steps, every = (-(-len(own) // size) for own in (rows, split.train))
                    epochs = round(config.trainer.max_epochs * every / steps)
                    train(folder, table, seed, epochs, leaky=name == "report")
                said = read_run(folder).predictions[TEST]
                given = answers[answer_name(name, share, seed)] = np.full(len(labels), NONE)
                tested = [row_of[path] for path in said.paths]
                given[tested] = class_numbers(said.predicted, prepared.classes)
                parts.append(trained_on(name, share, seed, rows, split.test, groups))
    write_answers(GBMNET.answers, prepared, answers)
    write_table(GBMNET.parts, parts)
    draw()


if __name__ == "__main__":
    run_with_path(main, __doc__)
