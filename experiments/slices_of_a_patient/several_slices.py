"""Several slices of a patient: plain means beside attention, over four patient folds.

    python -m experiments.slices_of_a_patient.several_slices WEIGHTS    (BRAIN_TUMOR_DATA=FOLDER)

Slices of one patient and class are one unit. Scans whose patient is not known, all healthy ones
among them, are put together by their groups. Every way of `pooling.py` is trained on frozen
features with Adam at 5e-4 for up to 30 epochs, and the epoch whose cross-entropy over the fold's
validation units is least is scored. Writes `answers.csv.gz` beside this file, a row for each unit.
"""

import copy
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import Rows, Split
from brain_tumor.metrics.arrays import Labels
from experiments.frozen_features import FrozenFeatures, frozen_features
from experiments.heads import SEED, SEEDS, named, new_head, splits
from experiments.kept_table import write_table
from experiments.slices_of_a_patient.pooling import (
    GatedAttention,
    MeanOfAnswers,
    MeanOfFeatures,
    MonaiAttention,
)
from experiments.with_path import run_with_path

ANSWERS = Path(__file__).with_name("answers.csv.gz")
WAYS = {
    "mean of answers": MeanOfAnswers,
    "mean of features": MeanOfFeatures,
    "gated attention": GatedAttention,
    "MONAI's attention": MonaiAttention,
}
# Fixed beforehand: the rate is that of `experiment=leakage`.
RATE, EPOCHS = 5e-4, 30
SCANS, UNITS = 32, 8  # of a batch; a unit has about nine scans


def units_of(prepared: PreparedSet) -> Labels:
    """Number the units: the slices of a patient, or of a group where none is known, of one class.

    Returns:
        Unit of each kept scan, `(N,)`, int64, from 0.
    """
    patients, groups, labels = prepared.patients, prepared.groups, prepared.labels
    owner = np.where(patients >= 0, patients, patients.max() + 1 + groups)
    return np.unique(owner * len(prepared.classes) + labels, return_inverse=True)[1]


def scans_of(units: Labels, rows: Rows) -> list[Rows]:
    """Give the scans of each unit that some scans are of, by rising number of the unit."""
    own = rows[np.argsort(units[rows], kind="stable")]
    return np.split(own, np.flatnonzero(np.diff(units[own])) + 1)


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
    optimizer = torch.optim.Adam(network.parameters(), RATE, fused=True)
    # One slice is a patient of its own to what answers every slice by itself.
    single = name == "mean of answers"
    shown = scans_of(np.arange(len(units)) if single else units, split.train)
    size = SCANS if single else UNITS
    first = [scans[0] for scans in scans_of(units, split.validation)]
    best, least, chosen = network, np.inf, 0
    for epoch in range(EPOCHS):
        network.train()
        order = np.random.default_rng((seed, epoch)).permutation(len(shown)).tolist()
        for start in range(0, len(order), size):
            batch = [shown[unit] for unit in order[start : start + size]]
            own = torch.from_numpy(np.repeat(np.arange(len(batch)), [*map(len, batch)]))
            features = found.augmented[epoch % len(found.augmented), np.concatenate(batch)]
            truth = labels[[scans[0] for scans in batch]]
            loss = F.nll_loss(network(features, own), truth)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        answers = answered(network, found.plain, units, split.validation)
        cost = float(F.nll_loss(answers, labels[first]))
        if cost < least:
            best, least, chosen = copy.deepcopy(network), cost, epoch + 1
    print(f"{name}, seed {seed}: epoch {chosen}, {least:.3f} nats a validation unit", flush=True)
    return best


def main(weights: str) -> None:
    """Train all ways, and write what they answer."""
    found = frozen_features(weights)
    prepared = found.prepared
    units = units_of(prepared)
    _, first, scans = np.unique(units, return_index=True, return_counts=True)
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
    write_table(ANSWERS, rows)


if __name__ == "__main__":
    run_with_path(main, __doc__)
