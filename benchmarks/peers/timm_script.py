"""Training with timm's network, data sets, loaders and optimizer, in a loop like its script's."""

import importlib
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.turns import Turns

# Only half of it has types.
models, data, optim, utils = (
    importlib.import_module(f"timm.{name}") for name in ("models", "data", "optim", "utils")
)


def loader_of(job: dict[str, Any], part: str, is_training: bool) -> Any:
    """Load a folder of scans in batches, augmented where it trains."""
    side = job["model"]["input_size"]
    return data.create_loader(
        data.create_dataset("", root=str(Path(job["folder"]) / part)),
        input_size=(3, side, side),
        batch_size=job["batch_size"],
        is_training=is_training,
        scale=tuple(job["ranges"]["crop_area"]),
        ratio=tuple(job["ranges"]["crop_aspect"]),
        crop_pct=1.0,
        num_workers=job["num_workers"],
        use_prefetcher=False,
    )


def train(job: dict[str, Any], turns: Turns) -> None:
    """Train from raw files, a whole epoch per turn.

    Args:
        job: As for `lightning_template.train`.
        turns: Tell when.
    """
    torch.manual_seed(0)
    classes, dropout = job["classes"], job["model"]["dropout"]
    network = models.create_model("mobilenetv2_100", num_classes=classes, drop_rate=dropout)
    for parameter in network.parameters():
        parameter.requires_grad = False
    for parameter in network.get_classifier().parameters():
        parameter.requires_grad = True
    training, validation = loader_of(job, "Training", True), loader_of(job, "Testing", False)
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = optim.create_optimizer_v2(network, opt="adam", lr=job["lr"])
    saver = utils.CheckpointSaver(
        network, optimizer, checkpoint_dir=tempfile.mkdtemp(dir=job["scratch"]), max_history=2
    )
    scans = len(training.dataset)
    for epoch in range(job["turns"]):
        turns.wait()
        begun = time.perf_counter()
        losses, correct = utils.AverageMeter(), utils.AverageMeter()
        network.train()
        for images, labels in training:
            optimizer.zero_grad()
            loss = criterion(network(images), labels)
            loss.backward()
            optimizer.step()
            losses.update(loss.item(), len(labels))
        network.eval()
        with torch.inference_mode():
            for images, labels in validation:
                top1 = utils.accuracy(network(images), labels)[0]
                correct.update(top1.item(), len(labels))
        saver.save_checkpoint(epoch, metric=correct.avg)
        seconds = time.perf_counter() - begun
        turns.done(seconds, scans, first=turns.first(seconds))
