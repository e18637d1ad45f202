"""What the transfer model's free layers make of the scans, by how these come and what they meet.

A torchvision chain that is called on the tensor of a batch makes one draw for all of its scans
(`augment.per_batch=true`). Batch normalisation that is left free then takes mean and variance of
scans that are all turned, sheared and blurred alike, and so takes the change away again; test scans
meet running averages instead. As these depend on the last batches alone, those of several epochs
are tried.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor

from brain_tumor.config.data import build_prepared, build_split, split_settings
from brain_tumor.config.data_settings import data_settings
from brain_tumor.data.batch_order import BatchOrder
from brain_tumor.data.datamodule import ScanBatches, ScanDataModule
from brain_tumor.data.split import Rows
from brain_tumor.models.classifier import TrainingSettings
from brain_tumor.models.mobilenetv2 import FEATURES
from brain_tumor.train.build import build_classifier, build_datamodule
from experiments.frozen_features import features_folder, write_array
from experiments.open_settings.long_head import recipe

AVERAGES_AFTER = (5, 10, 15)  # epochs before the last whose running averages scans meet
BATCH, MEAN = "of the batch", "mean of all epochs"
LAST = "last epoch"
BOTH = ("train", "test")


class Course(NamedTuple):
    """How training scans come.

    Attributes:
        per_batch: Whether one draw is for all scans of a batch.
        shuffled: Whether batches are; else scans come as the split has them, class by class.
        epochs: How many have augmentation of their own.
    """

    per_batch: bool
    shuffled: bool
    epochs: int

    @property
    def name(self) -> str:
        """Name the folder of its features."""
        draw = f"one_draw_per_{'batch' if self.per_batch else 'scan'}"
        return draw if self.shuffled else f"{draw}_in_order"

    def order(self, rows: Rows, config: DictConfig, epoch: int) -> BatchOrder:
        """Give the batches of an epoch, counted from 0."""
        seed = config.seed if self.shuffled else None
        return BatchOrder(rows, config.data.batch_size, seed, epoch=lambda: epoch)


@dataclass(frozen=True)
class Worked:
    """What the free layers made of the scans.

    Attributes:
        classes: Class names.
        augmented: `(scans, 1280)` of training scans, float32, per epoch.
        labels: `(scans,)` of training scans, int64.
        parts: Features of `train` and `test`, or of `test` alone, as they are, by what batch
            normalisation took or what else was done to them.
        part_labels: Labels of both parts.
    """

    classes: tuple[str, ...]
    augmented: list[Tensor]
    labels: Tensor
    parts: dict[str, dict[str, Tensor]]
    part_labels: dict[str, Rows]


def worked(weights: str, course: Course) -> tuple[DictConfig, Worked]:
    """Work out all features, or read them where they are kept.

    Args:
        weights: As for `model.weights`.
        course: How training scans come.

    Returns:
        The recipe, and the features.
    """
    config = recipe(weights, "report", frozen=False)
    config.augment.per_batch = course.per_batch
    prepared = build_prepared(data_settings(config.data))
    split = build_split(prepared, split_settings(config.split))
    datamodule = build_datamodule(config, prepared, split)
    network: Any = build_classifier(config, datamodule, TrainingSettings()).network
    kept = features_folder(prepared, weights, "report", course.name)
    rows = split.parts["train"]
    place = {int(row): number for number, row in enumerate(rows)}
    batches = ScanBatches(prepared)
    augmented, states = [], []
    for epoch in range(course.epochs):
        features, averages = kept / f"train-{epoch}.npy", kept / f"averages-{epoch}.pt"
        if not averages.exists():
            network.train()
            made = np.empty((len(rows), FEATURES), np.float32)
            for share in course.order(rows, config, epoch):
                batch = datamodule.augmented(batches[share], epoch)
                made[[place[int(row)] for row in share.rows]] = network.pool(batch.images).numpy()
            write_array(features, made)
            torch.save(network.state_dict(), averages)
        states.append(torch.load(averages, weights_only=True))
        network.load_state_dict(states[-1])
        augmented.append(torch.from_numpy(np.load(features)))
    tried = met(network, states)
    parts = {
        name: {part: plain(datamodule, pool, kept, file, part) for part in own}
        for name, file, own, pool in (tried if course.shuffled else islice(tried, 1))
    }
    labels = {part: prepared.labels[split.parts[part]] for part in BOTH}
    found = Worked(prepared.classes, augmented, torch.from_numpy(labels["train"]), parts, labels)
    return config, found


Pool = Callable[[Tensor], Tensor]  # scans `(N, 1, H, W)` to features `(N, 1280)`


def met(
    network: Any, states: list[dict[str, Tensor]]
) -> Iterator[tuple[str, str, tuple[str, ...], Pool]]:
    """Put the network into every state that scans as they are may meet, one after the other.

    Args:
        network: Makes the features.
        states: What each epoch left.

    Yields:
        The state's name, that of its files, the parts that are tried in it, and what makes
        features: to be used before the next one is asked for.
    """
    network.eval()
    for epoch in AVERAGES_AFTER:
        if epoch < len(states):
            network.load_state_dict(states[epoch - 1])
            yield f"averages after epoch {epoch}", f"plain-{epoch - 1}", BOTH, network.pool
    network.load_state_dict(states[-1])
    yield LAST, f"plain-{len(states) - 1}", BOTH, network.pool
    # What only test scans might meet by mistake: 0-255 where training had 0-1, the other way round,
    # and no resizing.
    yield (
        f"{LAST}, grey values 255 times as large",
        "plain-bright",
        ("test",),
        lambda images: network.pool(images * 255.0),
    )
    yield (
        f"{LAST}, grey values a 255th",
        "plain-dark",
        ("test",),
        lambda images: network.pool(images / 255.0),
    )
    size, network.preprocess.size = network.preprocess.size, None
    yield f"{LAST}, not resized", "plain-256", ("test",), network.pool
    network.preprocess.size = size
    mean = {key: torch.stack([own[key] for own in states]).double().mean(0) for key in states[0]}
    network.load_state_dict(mean)
    yield MEAN, "plain-mean", ("test",), network.pool
    network.train()
    yield BATCH, "plain-batch", BOTH, network.pool


def plain(datamodule: ScanDataModule, pool: Pool, kept: Path, file: str, part: str) -> Tensor:
    """Work out the features of a part's scans as they are, or read them.

    They come in an order of their own: where statistics are those of the batch, a batch of one
    class would not be what training saw.

    Args:
        datamodule: Serves the scans.
        pool: Makes the features.
        kept: Folder of the files.
        file: The rest of the file's name.
        part: Of the split.
    """
    path = kept / f"{part}-{file}.npy"
    if not path.exists():
        prepared, rows = datamodule.prepared, datamodule.split.parts[part]
        shuffled = np.random.default_rng(0).permutation(len(rows))
        made = np.empty((len(rows), FEATURES), np.float32)
        for begin in range(0, len(rows), datamodule.batch_size):
            chosen = shuffled[begin : begin + datamodule.batch_size]
            images = torch.from_numpy(prepared.images[rows[chosen]]).unsqueeze(1)
            with torch.no_grad():
                made[chosen] = pool(images).numpy()
        write_array(path, made)
    return torch.from_numpy(np.load(path))
