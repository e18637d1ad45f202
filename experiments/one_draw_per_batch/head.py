"""The transfer model's 200 epochs, every batch augmented by one draw, on a laptop.

    python experiments/one_draw_per_batch/head.py WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

Whoever calls a torchvision chain on the tensor of a batch gets one draw for all of its scans
(`augment.per_batch=true`). Batch normalisation that is left free then takes the mean and variance
of scans that are all turned, sheared and blurred alike, and so takes the change away again; test
scans meet running averages instead.

As `experiments/open_settings/long_head.py` does, the features of the first epochs are worked out
once, here in the batches of a training with seed 0, and the head is trained on them over and over,
in the same batches. Both draws are tried, so that nothing else differs. What test scans meet are
running averages that depend on the last batches alone: those that several epochs left are tried,
and the statistics of each batch of test scans itself, which shows whether averages are the cause.

WEIGHTS is a file as for `model.weights`. Features stay in `data/frozen_features`, so that a run
that was stopped goes on. Writes `head.csv` beside this file.
"""

import csv
import sys
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

from brain_tumor.config.data import build_prepared, build_split, split_settings  # noqa: E402
from brain_tumor.config.data_settings import data_settings  # noqa: E402
from brain_tumor.config.instantiate import instantiate  # noqa: E402
from brain_tumor.data.batch_order import BatchOrder  # noqa: E402
from brain_tumor.data.datamodule import ScanBatches, ScanDataModule  # noqa: E402
from brain_tumor.data.split import Rows  # noqa: E402
from brain_tumor.errors import BrainTumorError  # noqa: E402
from brain_tumor.metrics.scores import score  # noqa: E402
from brain_tumor.models.classifier import TrainingSettings  # noqa: E402
from brain_tumor.models.mobilenetv2 import FEATURES  # noqa: E402
from brain_tumor.models.registry import build_network  # noqa: E402
from brain_tumor.train.build import build_classifier, build_datamodule  # noqa: E402
from experiments.open_settings.long_head import composed, write  # noqa: E402

EPOCHS = 20  # with augmentation of their own
AVERAGES_AFTER = (5, 10, 15, 20)  # epochs whose running averages test scans meet
OF_THE_BATCH = "of the batch"
TOLD = (20, 100, 200)  # epochs that the report tells of
SEEDS = (0, 1, 2)  # of the head's weights and dropout
TABLE = Path(__file__).with_name("head.csv")


@dataclass(frozen=True)
class Worked:
    """What the frozen layers make of the scans.

    Attributes:
        augmented: `(scans, 1280)` of training scans, float32, per epoch.
        labels: `(scans,)` of training scans, int64.
        parts: Features of `train` and `test` as they are, by what batch normalisation took.
        part_labels: Their labels.
    """

    augmented: list[Tensor]
    labels: Tensor
    parts: dict[str, dict[str, Tensor]]
    part_labels: dict[str, np.ndarray[Any, Any]]


def order(rows: Rows, config: DictConfig, epoch: int) -> BatchOrder:
    """Give the batches of an epoch, counted from 0, as a training has them."""
    return BatchOrder(rows, config.data.batch_size, config.seed, epoch=lambda: epoch)


def worked(weights: str, per_batch: bool) -> tuple[DictConfig, ScanDataModule, Worked]:
    """Work out all features, or read them where they are kept.

    Args:
        weights: Of the network.
        per_batch: Whether one draw is for all scans of a batch.
    """
    config = composed(weights, "report", frozen=False)
    config.augment.per_batch = per_batch
    prepared = build_prepared(data_settings(config.data))
    split = build_split(prepared, split_settings(config.split))
    datamodule = build_datamodule(config, prepared, split)
    network: Any = build_classifier(config, datamodule, TrainingSettings()).network
    kept = Path("data/frozen_features") / f"{prepared.folder.name}-{Path(weights).stem}"
    kept = kept / "report" / ("one_draw_per_batch" if per_batch else "one_draw_per_scan")
    kept.mkdir(parents=True, exist_ok=True)
    rows = split.parts["train"]
    place = {int(row): number for number, row in enumerate(rows)}
    batches = ScanBatches(prepared)
    augmented, parts = [], {}
    for epoch in range(EPOCHS):
        features, averages = kept / f"train-{epoch}.npy", kept / f"averages-{epoch}.pt"
        if not averages.exists():
            network.train()
            made = np.empty((len(rows), FEATURES), np.float32)
            for share in order(rows, config, epoch):
                batch = datamodule.augmented(batches[share], epoch)
                made[[place[int(row)] for row in share.rows]] = network.pool(batch.images).numpy()
            write(features, made)
            torch.save(network.state_dict(), averages)
        network.load_state_dict(torch.load(averages, weights_only=True))
        augmented.append(torch.from_numpy(np.load(features)))
        if epoch + 1 in AVERAGES_AFTER:
            network.eval()
            parts[f"averages after epoch {epoch + 1}"] = plain(datamodule, network, kept, epoch)
    network.train()
    parts[OF_THE_BATCH] = plain(datamodule, network, kept, None)
    labels = {part: prepared.labels[split.parts[part]] for part in ("train", "test")}
    return config, datamodule, Worked(augmented, torch.from_numpy(labels["train"]), parts, labels)


def plain(
    datamodule: ScanDataModule, network: Any, kept: Path, epoch: int | None
) -> dict[str, Tensor]:
    """Work out the features of both parts as they are, in the state that the network has.

    Args:
        datamodule: Serves the scans; with batch statistics in an order of their own, as a batch
            of one class would not be what training saw.
        network: Makes the features.
        kept: Folder of the files.
        epoch: Whose averages it has; None where it takes those of each batch.
    """
    found = {}
    prepared = datamodule.prepared
    for part in ("train", "test"):
        name = "batch" if epoch is None else str(epoch)
        path = kept / f"{part}-plain-{name}.npy"
        if not path.exists():
            rows = datamodule.split.parts[part]
            shuffled = np.random.default_rng(0).permutation(len(rows))
            made = np.empty((len(rows), FEATURES), np.float32)
            for begin in range(0, len(rows), datamodule.batch_size):
                chosen = shuffled[begin : begin + datamodule.batch_size]
                images = torch.from_numpy(prepared.images[rows[chosen]]).unsqueeze(1)
                with torch.no_grad():
                    made[chosen] = network.pool(images).numpy()
            write(path, made)
        found[part] = torch.from_numpy(np.load(path))
    return found


def trained(
    config: DictConfig, datamodule: ScanDataModule, found: Worked, seed: int, twice: bool
) -> Iterator[dict[str, Any]]:
    """Train a head, and give a row for each epoch that the report tells of, and each statistics.

    Args:
        config: Of the recipe.
        datamodule: Served the scans.
        found: Their features.
        seed: Of weights and dropout.
        twice: Whether its loss takes probabilities for logits (`training.softmax_twice`).
    """
    classes = datamodule.prepared.classes
    torch.manual_seed(seed)
    head = build_network(len(classes), "mobilenetv2").get_submodule("head")
    optimizer = instantiate(config.optimizer, "optimizer")(head.parameters())
    rows = np.arange(len(found.labels))
    for epoch in range(config.trainer.max_epochs):
        head.train()
        cost, said = 0.0, np.empty(len(rows), np.int64)
        for share in order(rows, config, epoch % EPOCHS):  # the batches that shared a draw
            chosen = torch.from_numpy(share.rows)
            logits = head(found.augmented[epoch % EPOCHS][chosen])
            labels = found.labels[chosen]
            loss = F.cross_entropy(logits.softmax(dim=1) if twice else logits, labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            cost += float(loss.detach()) * len(labels)
            said[share.rows] = logits.argmax(dim=1).numpy()
        if epoch + 1 not in TOLD:
            continue
        in_epoch = score(found.labels.numpy(), said, classes)
        row: dict[str, Any] = {"epoch": epoch + 1, "cost": cost / len(rows)}
        row |= {"accuracy": in_epoch.overall["accuracy"]}
        row |= {f"recall_{name}": own.recall for name, own in in_epoch.per_class.items()}
        head.eval()
        for statistics, parts in found.parts.items():
            own_row = row | {"statistics": statistics}
            for part, features in parts.items():
                with torch.no_grad():
                    answers = head(features).argmax(dim=1).numpy()
                scores = score(found.part_labels[part], answers, classes)
                own_row |= {f"{part}_accuracy": scores.overall["accuracy"]}
                own_row |= {
                    f"{part}_recall_{name}": own.recall for name, own in scores.per_class.items()
                }
            yield own_row


def main(weights: str) -> None:
    """Work everything out, and write the table."""
    rows: list[dict[str, Any]] = []
    for per_batch in (False, True):
        config, datamodule, found = worked(weights, per_batch)
        for twice, seed in product((False, True), SEEDS):
            about = {"per_batch": per_batch, "softmax_twice": twice, "seed": seed}
            rows += [about | row for row in trained(config, datamodule, found, seed, twice)]
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {
                key: f"{value:.6f}" if isinstance(value, float) else value
                for key, value in row.items()
            }
            for row in rows
        )
    print(f"written: {TABLE}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    try:
        main(sys.argv[1])
    except BrainTumorError as error:
        raise SystemExit(str(error)) from error
