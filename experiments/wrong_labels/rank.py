"""Which scans look wrongly labelled, by four rules, and where the four known wrong labels rank.

    python -m experiments.wrong_labels.rank WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

Two rules take probabilities of networks that did not train on the scan's group: of the transfer
model's head (`experiment=leakage`, four patient folds, mean of three seeds), and those that
`experiments/best_patient` keeps. Two need no training: labels of the scans of other groups that the
frozen layers find most alike, and labels of the other scans of the same group.

Writes `known.csv`, the ranks of the labels that the published patient table contradicts, and
`first_hundred.csv`, the scans that each of the first three rules suspects most, beside this file.
The fourth accuses no other scan.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import softmax

from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.metrics.arrays import Labels, Values
from experiments.findings import kept_runs
from experiments.frozen_features import FrozenFeatures, composed, frozen_features
from experiments.heads import SEEDS, log_probabilities, splits, train_head
from experiments.kept_table import write_table
from experiments.with_path import run_with_path

HERE = Path(__file__).parent
KNOWN, FIRST = HERE / "known.csv", HERE / "first_hundred.csv"
OWN_GROUP = "own group"
NEIGHBOURS = 10
SHOWN = 100


def own_less_best_other(support: Values, labels: Labels) -> Values:
    """Give how far a label is ahead of the best other class, `(N,)`.

    Args:
        support: What speaks for each class, `(N, C)`, float64.
        labels: Class numbers, `(N,)`, int64.
    """
    rows = np.arange(len(labels))
    others = support.copy()
    others[rows, labels] = -np.inf
    ahead: Values = support[rows, labels] - others.max(axis=1)
    return ahead


def confident_learning(probabilities: Values, labels: Labels) -> Labels:
    """Order scans by how wrong their labels seem (Northcutt, Jiang and Chuang, 2021).

    Confident learning (doi 10.1613/jair.1.12125): a scan is counted for the most probable of the
    classes whose probability is at least the mean that scans with that label have. Scans counted
    for another class than their label's come first; then, and among those, the smaller the
    label's probability less the best other's, the earlier.

    Args:
        probabilities: Of networks that were not trained on the scan, `(N, C)`, float64.
        labels: Class numbers, `(N,)`, int64; each occurs.

    Returns:
        Rows of the scans, the most suspect first, `(N,)`, int64.

    Example:
        >>> found = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.5, 0.5]])
        >>> confident_learning(found, np.array([0, 0, 1, 1]))
        array([1, 3, 0, 2])
    """
    classes = range(probabilities.shape[1])
    least = np.array([probabilities[labels == label, label].mean() for label in classes])
    confident = np.where(probabilities >= least, probabilities, -np.inf)
    other = np.isfinite(confident.max(axis=1)) & (confident.argmax(axis=1) != labels)
    return np.lexsort((own_less_best_other(probabilities, labels), ~other))


def neighbours(features: Values, labels: Labels, groups: Labels, classes: int) -> Labels:
    """Order scans by the labels of the most alike scans of other groups.

    Each of the nearest `NEIGHBOURS` speaks for its class with the cosine of its features.

    Args:
        features: `(N, K)`, float32, none all zero.
        labels: Class numbers, `(N,)`, int64.
        groups: Group of each, likewise.
        classes: How many classes there are.
    """
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    support = np.zeros((len(labels), classes))
    for row in range(len(labels)):
        alike = np.where(groups == groups[row], -np.inf, unit @ unit[row])
        nearest = np.argpartition(-alike, NEIGHBOURS)[:NEIGHBOURS]
        np.add.at(support[row], labels[nearest], alike[nearest])
    return np.argsort(own_less_best_other(support, labels), kind="stable")


def own_group(labels: Labels, groups: Labels, classes: int) -> Labels:
    """Order scans by the share of the other scans of their group that have their label."""
    counts = np.zeros((groups.max() + 1, classes))
    np.add.at(counts, (groups, labels), 1)
    others = counts[groups]
    others[np.arange(len(labels)), labels] -= 1
    shares = others / np.maximum(others.sum(axis=1, keepdims=True), 1)
    return np.argsort(own_less_best_other(shares, labels), kind="stable")


def of_heads(found: FrozenFeatures) -> Values:
    """Give the probabilities of heads that did not train on the scan's group, `(N, C)`."""
    prepared, config = found.prepared, composed("experiment=leakage", "model=mobilenetv2")
    targets, classes = torch.from_numpy(prepared.labels), len(prepared.classes)
    made = np.zeros((len(targets), classes))
    for split in splits(prepared)["patient"]:
        for seed in SEEDS:
            head = train_head(config, found.augmented, targets, split.train, classes, seed)
            said = log_probabilities(head, found.plain[split.test]).exp()
            made[split.test] += said.numpy() / len(SEEDS)
    return made


def of_best_patient(prepared: PreparedSet) -> Values:
    """Give the probabilities that `best_patient`'s kept runs of seed 0 gave their test scans."""
    rows = {scan.path: number for number, scan in enumerate(prepared.kept)}
    made = np.full((len(rows), len(prepared.classes)), np.nan)
    for run in (own for own in kept_runs("best_patient") if own.seed == 0):
        said = run.predictions["test"]
        made[[rows[path] for path in said.paths]] = softmax(said.logits, axis=1)
    return made


def main(weights: str) -> None:
    """Rank all scans by every rule, and write what came out."""
    found = frozen_features(weights)
    prepared = found.prepared
    labels, groups, classes = prepared.labels, prepared.groups, len(prepared.classes)
    orders = {
        "transfer model": confident_learning(of_heads(found), labels),
        "best_patient": confident_learning(of_best_patient(prepared), labels),
        "neighbours": neighbours(found.plain.numpy(), labels, groups, classes),
        OWN_GROUP: own_group(labels, groups, classes),
    }
    ranks = {name: np.argsort(order) + 1 for name, order in orders.items()}

    def line(row: int) -> dict[str, Any]:
        scan = prepared.kept[row]
        own = {name: int(rank[row]) for name, rank in ranks.items()}
        told = {"path": scan.path, "label": scan.label, "patient": scan.patient}
        return told | {"published": scan.known_label} | own

    kept = list(enumerate(prepared.kept))
    wrong = [row for row, scan in kept if scan.known_label and scan.known_label != scan.label]
    write_table(KNOWN, [line(row) for row in wrong])
    del orders[OWN_GROUP], ranks[OWN_GROUP]
    suspects = {row: None for order in orders.values() for row in order[:SHOWN].tolist()}
    write_table(FIRST, [line(row) for row in suspects])


if __name__ == "__main__":
    run_with_path(main, __doc__)
