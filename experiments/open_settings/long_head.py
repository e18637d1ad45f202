"""The transfer model's 200 epochs on a laptop: three open settings, three seeds.

    python experiments/open_settings/long_head.py WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

Frozen layers give the same features for the same picture, and take nearly all of an epoch. Here the
features of the first epochs are worked out once, of scans augmented as training augments them in
those epochs, and the head is trained on them over and over: the report's 200 epochs, but for scans
that come again as they were. The first epochs are those of a training, which tells whether the
short way leads to the same place.

Where batch normalisation is left free, features depend on the batch that a scan is in. There they
are those of the batches of a training with seed 0, and the trained network has the averages that
the last of these epochs left.

Settings: rotation and shear bilinear or by the nearest pixel (`augment`), batch normalisation of
frozen layers frozen or free (`model.frozen_statistics`), and the loss (`training.softmax_twice`).

WEIGHTS is a file as for `model.weights`. Features stay in `data/frozen_features`, an epoch a file,
so that a run that was stopped goes on. Writes `long_head.csv` beside this file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from brain_tumor.engine.allocator import keep_freed_memory

keep_freed_memory()  # before torch is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from omegaconf import DictConfig  # noqa: E402
from torch import Tensor  # noqa: E402

from brain_tumor.config.data import (  # noqa: E402
    build_prepared,
    build_split,
    split_settings,
)
from brain_tumor.config.data_settings import data_settings  # noqa: E402
from brain_tumor.config.instantiate import instantiate  # noqa: E402
from brain_tumor.data.batch_order import BatchOrder  # noqa: E402
from brain_tumor.data.datamodule import Batch, ScanBatches, ScanDataModule  # noqa: E402
from brain_tumor.data.split import Rows  # noqa: E402
from brain_tumor.metrics.scores import score  # noqa: E402
from brain_tumor.models.classifier import TrainingSettings  # noqa: E402
from brain_tumor.models.mobilenetv2 import FEATURES  # noqa: E402
from brain_tumor.models.registry import build_network  # noqa: E402
from brain_tumor.train.build import build_classifier, build_datamodule  # noqa: E402
from experiments.frozen_features import composed, features_folder, write_array  # noqa: E402
from experiments.kept_table import write_table  # noqa: E402
from experiments.with_path import run_with_path  # noqa: E402

TOLD = 20  # epochs from one row to the next
# How scans are augmented, whether statistics are frozen, and how many epochs have augmentation of
# their own. The nearest pixel is tried with free statistics alone, which the settings that fit the
# report's training have, and with fewer epochs: each costs a core one to two minutes.
FEATURES_OF = (("report", True, 20), ("report", False, 20), ("nearest", False, 10))
SEEDS = (0, 1, 2)  # of the head's weights, the order and dropout
TABLE = Path(__file__).with_name("long_head.csv")


@dataclass(frozen=True)
class Features:
    """What the frozen layers make of the scans of a part.

    Attributes:
        values: `(N, 1280)` per epoch, float32; one alone where nothing is augmented.
        labels: `(N,)`, int64.
    """

    values: list[Tensor]
    labels: Tensor


def _order(rows: Rows, batch_size: int, seed: int, epoch: int) -> BatchOrder:
    return BatchOrder(rows, batch_size, seed, epoch=lambda: epoch)


def recipe(weights: str, augment: str, frozen: bool) -> DictConfig:
    """Compose the report's own recipe, but for its augmentation and frozen statistics."""
    words = ["experiment=report_mobilenetv2", f"model.weights={weights}"]
    return composed(*words, f"augment={augment}", f"model.frozen_statistics={frozen}")


def all_features(
    weights: str, augment: str, frozen: bool, epochs: int
) -> tuple[DictConfig, dict[str, Features]]:
    """Work out the features of the augmented training scans, and of the parts as they are.

    Args:
        weights: Of the network.
        augment: How training scans are augmented.
        frozen: Whether the network's statistics are.
        epochs: How many have augmentation of their own.

    Returns:
        The recipe, and features by name: `augmented`, `train` and `test`.
    """
    config = recipe(weights, augment, frozen)
    prepared = build_prepared(data_settings(config.data))
    split = build_split(prepared, split_settings(config.split))
    datamodule = build_datamodule(config, prepared, split)
    network: Any = build_classifier(config, datamodule, TrainingSettings()).network
    statistics = "frozen_statistics" if frozen else "free_statistics"
    kept = features_folder(prepared, weights, augment, statistics)
    if frozen:
        network.eval()
        augmented = features(datamodule, network, "train", epochs, kept)
    else:
        augmented = features_in_batches(datamodule, network, config.seed, epochs, kept)
        network.eval()
    parts = {part: features(datamodule, network, part, None, kept) for part in ("train", "test")}
    return config, parts | {"augmented": augmented}


def features_in_batches(
    datamodule: ScanDataModule, network: Any, seed: int, epochs: int, kept: Path
) -> Features:
    """Work out features as training does that leaves statistics free, or read them.

    Afterwards the network has the averages that the last epoch left: that one is always gone
    through. What earlier ones left is forgotten by then.

    Args:
        datamodule: Serves the scans.
        network: Makes the features.
        seed: Of the order in which scans come together.
        epochs: How many.
        kept: Folder of the files.
    """
    prepared, rows = datamodule.prepared, datamodule.split.parts["train"]
    place = {int(row): number for number, row in enumerate(rows)}
    batches = ScanBatches(prepared)
    values = []
    network.train()
    for epoch in range(epochs):
        path = kept / f"train-{epoch}.npy"
        if not path.exists() or epoch == epochs - 1:
            made = np.empty((len(rows), FEATURES), np.float32)
            for share in _order(rows, datamodule.batch_size, seed, epoch):
                batch = datamodule.augmented(batches[share], epoch)
                made[[place[int(row)] for row in share.rows]] = network.pool(batch.images).numpy()
            write_array(path, made)
        values.append(torch.from_numpy(np.load(path)))
    return Features(values, torch.from_numpy(prepared.labels[rows]))


def features(
    datamodule: ScanDataModule, network: Any, part: str, epochs: int | None, kept: Path
) -> Features:
    """Work out the features of a part, or read them where they are kept.

    Args:
        datamodule: Serves the scans.
        network: Makes the features.
        part: Of the split.
        epochs: How many epochs of augmented scans; None for scans as they are.
        kept: Folder of the files.
    """

    def served(epoch: int | None) -> Iterator[Batch]:
        for batch in datamodule.part_dataloader(part):
            yield batch if epoch is None else datamodule.augmented(batch, epoch)

    values = []
    for epoch in [None] if epochs is None else range(epochs):
        path = kept / f"{part}-{'plain' if epoch is None else epoch}.npy"
        if not path.exists():
            made = torch.cat([network.pool(batch.images) for batch in served(epoch)])
            write_array(path, made.numpy())
        values.append(torch.from_numpy(np.load(path)))
    labels = datamodule.prepared.labels[datamodule.split.parts[part]]
    return Features(values, torch.from_numpy(labels))


def trained(
    config: DictConfig,
    seed: int,
    twice: bool,
    parts: dict[str, Features],
    classes: tuple[str, ...],
) -> Iterator[dict[str, Any]]:
    """Train a head, and give a row for every `TOLD` epochs.

    Args:
        config: Of the recipe.
        seed: Of weights, order and dropout.
        twice: Whether its loss takes probabilities for logits (`training.softmax_twice`).
        parts: Features by name: `augmented`, `train` and `test`.
        classes: Class names.
    """
    torch.manual_seed(seed)
    head = build_network(len(classes), "mobilenetv2").get_submodule("head")
    optimizer = instantiate(config.optimizer, "optimizer")(head.parameters())
    augmented = parts["augmented"]
    rows = np.arange(len(augmented.labels))
    for epoch in range(config.trainer.max_epochs):
        head.train()
        cost = right = 0.0
        for share in _order(rows, config.data.batch_size, seed, epoch):
            chosen = torch.from_numpy(share.rows)
            values = augmented.values[epoch % len(augmented.values)][chosen]
            logits, labels = head(values), augmented.labels[chosen]
            loss = F.cross_entropy(logits.softmax(dim=1) if twice else logits, labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            cost += float(loss.detach()) * len(labels)
            right += float((logits.argmax(dim=1) == labels).sum())
        if (epoch + 1) % TOLD:
            continue
        head.eval()
        row: dict[str, float | None] = {"accuracy": right / len(rows), "cost": cost / len(rows)}
        for part in ("train", "test"):
            with torch.no_grad():
                answers = head(parts[part].values[0]).argmax(dim=1).numpy()
            found = score(parts[part].labels.numpy(), answers, classes)
            row |= {f"{part}_accuracy": found.overall["accuracy"]}
            row |= {f"{part}_recall_{name}": own.recall for name, own in found.per_class.items()}
        yield {"softmax_twice": twice, "seed": seed, "epoch": epoch + 1} | row


def main(weights: str) -> None:
    """Work everything out, and write the table."""
    rows = []
    for augment, frozen, epochs in FEATURES_OF:
        config, parts = all_features(weights, augment, frozen, epochs)
        for twice, seed in product((False, True), SEEDS):
            message = trained(config, seed, twice, parts, tuple(config.data.classes))
            rows += [{"augment": augment, "frozen_statistics": frozen} | row for row in message]
    write_table(TABLE, rows)


if __name__ == "__main__":
    run_with_path(main, __doc__)
