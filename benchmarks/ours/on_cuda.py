"""A whole training on an NVIDIA card, and how busy the card is meanwhile."""

import time
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import OmegaConf

from benchmarks.ours.building import classifier_of, datamodule_of
from benchmarks.turns import Turns
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.train.build import build_trainer
from brain_tumor.train.train import train

Interval = tuple[float, float]


class BusyCard(Callback):
    """Profiles the card over all epochs but the first.

    `share` is the part of that time in which at least one kernel or copy ran.
    """

    def __init__(self) -> None:
        self.share = 0.0
        self._profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA])
        self._begun = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start with the second epoch."""
        if trainer.current_epoch == 1:
            torch.cuda.synchronize()
            self._profiler.start()
            self._begun = time.perf_counter()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop, and add up."""
        torch.cuda.synchronize()
        wall = time.perf_counter() - self._begun
        self._profiler.stop()
        events = self._profiler.events() or []  # type: ignore[no-untyped-call]
        events = [event for event in events if event.device_type.name == "CUDA"]
        spans = [(e.time_range.start, e.time_range.end) for e in events]  # microseconds
        self.share = covered(spans) / 1e6 / wall


def covered(spans: list[Interval]) -> float:
    """Give the length of what intervals cover together.

    >>> covered([(5.0, 6.0), (0.0, 2.0), (1.0, 3.0)])
    4.0
    """
    total, end = 0.0, float("-inf")
    for begun, ended in sorted(spans):
        total += max(0.0, ended - max(begun, end))
        end = max(end, ended)
    return total


def whole_run(job: dict[str, Any], turns: Turns) -> None:
    """Train and score as `python -m brain_tumor.train` does, all included but the imports.

    Args:
        job: `config` as for `train`.
        turns: Tell when.
    """
    while turns.wait():
        begun = time.perf_counter()
        train(OmegaConf.create(job["config"]))
        turns.done(time.perf_counter() - begun, None)


def busy_share(job: dict[str, Any], turns: Turns) -> None:
    """Train for some epochs and tell which `share` of the time the card works.

    Args:
        job: As for `datamodule_of`; `epochs`, at least 2.
        turns: Tell when.
    """
    hush_lightning()
    config, datamodule = datamodule_of(job)
    config.trainer.max_epochs = job["epochs"]
    L.seed_everything(config.seed, workers=True, verbose=False)
    while turns.wait():
        classifier = classifier_of(config, datamodule)
        trainer = build_trainer(config, datamodule)
        busy = BusyCard()
        trainer.callbacks.insert(0, busy)  # type: ignore[attr-defined]
        begun = time.perf_counter()
        trainer.fit(classifier, datamodule)
        turns.done(time.perf_counter() - begun, None, share=busy.share)
        Path(config.run_folder, "metrics.csv").unlink(missing_ok=True)
