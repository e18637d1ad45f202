"""Several slices of a patient: plain means beside attention, over four patient folds.

    python -m experiments.slices_of_a_patient.several_slices WEIGHTS    (BRAIN_TUMOR_DATA=FOLDER)

Slices of one patient and class are one unit. Scans whose patient is not known, all healthy ones
among them, are put together by their groups. Every way of `pooling.py` is trained on frozen
features with Adam at 5e-4 for up to 40 epochs, and the epoch whose cross-entropy over the fold's
validation units is least is scored. Writes `answers.csv.gz` beside this file, a row for each unit.
"""

import copy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import Rows, Split
from brain_tumor.errors import BrainTumorError
from brain_tumor.metrics.uncertainty.bootstrap import Labels
from experiments.frozen_features import FrozenFeatures, frozen_features
from experiments.heads import SEED, SEEDS, named, new_head, splits
from experiments.keep import write_table
from experiments.slices_of_a_patient.pooling import GatedAttention, MeanOfAnswers, MeanOfFeatures

ANSWERS = Path(__file__).with_name("answers.csv.gz")
WAYS = {
    "mean of answers": MeanOfAnswers,
    "mean of features": MeanOfFeatures,
    "gated attention": GatedAttention,
}
# Fixed beforehand: the rate of `experiment=leakage`, and more epochs than any way was seen to need.
RATE, EPOCHS = 5e-4, 40
SCANS, UNITS = 32, 8  # of a batch; a unit has about nine scans


def units_of(prepared: PreparedSet) -> Labels:
    """Number the units: the slices of a patient, or of a group where none is known, of one class.

    Returns:
        Unit of each kept scan, `(N,)`, int64, from 0.
    """
    patients, groups, labels = prepared.patients, prepared.groups, prepared.labels
    owner = np.where(patients >= 0, patients, patients.max() + 1 + groups)
    return np.unique(owner * len(prepared.classes) + labels, return_inverse=True)[1]


def parts_of(chosen: Rows, units: Labels, size: int) -> Iterator[Rows]:
    """Give the scans of some units after those of others, `size` units at a time."""
    for start in range(0, len(chosen), size):
        yield np.flatnonzero(np.isin(units, chosen[start : start + size]))


@torch.no_grad()
def answered(network: nn.Module, features: Tensor, units: Labels, rows: Rows) -> Tensor:
    """Give the log-probabilities of the units of some scans, by rising number of the unit."""
    own = torch.from_numpy(np.unique(units[rows], return_inverse=True)[1])
    answers: Tensor = network.eval()(features[rows], own)
    return answers


def train(name: str, found: FrozenFeatures, units: Labels, split: Split, seed: int) -> nn.Module:
    """Train one way, and give it as it was when the validation units cost least."""
    labels = torch.from_numpy(found.prepared.labels)
    network = WAYS[name](cast(nn.Sequential, new_head(len(found.prepared.classes), seed)))
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    # One slice is a patient of its own to what answers every slice by itself.
    single = name == "mean of answers"
    shown, size = (np.arange(len(units)), SCANS) if single else (units, UNITS)
    first = np.unique(units[split.validation], return_index=True)[1]
    truth = labels[split.validation][first]
    best, least = network, np.inf
    for epoch in range(EPOCHS):
        order = np.random.default_rng((seed, epoch)).permutation(np.unique(shown[split.train]))
        network.train()
        for rows in parts_of(order, shown, size):
            _, start, own = np.unique(shown[rows], return_index=True, return_inverse=True)
            answers = network(
                found.augmented[epoch % len(found.augmented), rows], torch.from_numpy(own)
            )
            loss = F.nll_loss(answers, labels[rows][start])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        cost = float(F.nll_loss(answered(network, found.plain, units, split.validation), truth))
        if cost < least:
            best, least = copy.deepcopy(network), cost
    return best


def main(weights: str) -> None:
    """Train all ways, and write what they answer."""
    found = frozen_features(weights)
    prepared = found.prepared
    units = units_of(prepared)
    numbers, first, scans = np.unique(units, return_index=True, return_counts=True)
    rows = [
        {
            "path": prepared.kept[row].path,
            "label": prepared.kept[row].label,
            "group": prepared.groups[row],
            "patient": "known" if prepared.patients[row] >= 0 else "",
            "scans": count,
        }
        for row, count in zip(first, scans, strict=True)
    ]
    for name in WAYS:
        for seed in SEEDS:
            for split in splits(prepared, validation=0.15)["patient"]:
                network = train(name, found, units, split, seed)
                said = answered(network, found.plain, units, split.test).argmax(dim=1)
                for unit, answer in zip(np.unique(units[split.test]), said.tolist(), strict=True):
                    rows[unit][f"{name}{SEED}{seed}"] = named(prepared.classes, answer)
            print(f"{name}, seed {seed}", flush=True)
    write_table(ANSWERS, list(rows[0]), rows)
    print(f"written: {ANSWERS}, {len(numbers)} units")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    try:
        main(sys.argv[1])
    except BrainTumorError as error:
        raise SystemExit(str(error)) from error
