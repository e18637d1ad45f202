"""Our side of training: the real Trainer with the real callbacks, and a bare step beside it."""

import tempfile
import time
from dataclasses import replace
from typing import Any

import lightning as L
import torch.nn.functional as F
from lightning.pytorch import Callback, LightningModule, Trainer

from benchmarks.ours.building import classifier_of, datamodule_of
from benchmarks.peers.lightning_template import WholeEpochs
from benchmarks.turns import Turns
from brain_tumor.config.data import build_prepared
from brain_tumor.config.data_settings import data_settings
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.train.build import build_trainer


class EpochTurns(Callback):
    """Holds the Trainer before each epoch until it is our turn, and times the epoch's batches.

    The clock runs from the end of the last leading batch over `steps` batches: loading,
    augmentation, step, logging, callbacks of batches. What an epoch costs beside its batches is
    told as `fixed`.

    Args:
        turns: Tell when.
        lead: First batches of an epoch, not timed; at least 1.
        steps: Batches that are.
        batch_size: Scans per batch.
    """

    def __init__(self, turns: Turns, lead: int, steps: int, batch_size: int) -> None:
        self.turns, self.lead, self.steps, self.batch_size = turns, lead, steps, batch_size
        self._ends: list[float] = []
        self._first = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell what the epoch before took, and wait."""
        self._tell()
        self.turns.wait()
        self._ends = [time.perf_counter()]

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Note when the first batch begins."""
        if batch_idx == 0:
            self._first = time.perf_counter()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Note when a batch ends."""
        self._ends.append(time.perf_counter())

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell what the last epoch took."""
        self._tell()

    def _tell(self) -> None:
        if not self._ends:
            return
        begun, *ends = self._ends
        fixed = time.perf_counter() - begun - (ends[-1] - self._first)
        seconds = ends[self.lead + self.steps - 1] - ends[self.lead - 1]
        self.turns.done(seconds, self.steps * self.batch_size, fixed=fixed)


def epochs(job: dict[str, Any], turns: Turns) -> None:
    """Train through the real Trainer, an epoch of a few batches per turn.

    Args:
        job: As for `datamodule_of`; `turns`, how many there will be; `lead`, batches that are not
            timed at each end of an epoch; `steps`, batches between them.
        turns: Tell when.
    """
    hush_lightning()
    config, datamodule = datamodule_of(job)
    config.trainer.max_epochs = job["turns"]
    config.trainer.limit_train_batches = 2 * job["lead"] + job["steps"]
    config.trainer.limit_val_batches = 1
    L.seed_everything(config.seed, workers=True, verbose=False)
    classifier = classifier_of(config, datamodule)
    trainer = build_trainer(config, datamodule)
    held = EpochTurns(turns, job["lead"], job["steps"], datamodule.batch_size)
    trainer.callbacks.insert(0, held)  # type: ignore[attr-defined]
    trainer.fit(classifier, datamodule)


def whole_epochs(job: dict[str, Any], turns: Turns) -> None:
    """Prepare raw scans, then train through the real Trainer, a whole epoch per turn.

    Args:
        job: As for `epochs`; `data` as configured, and `scratch` for the prepared set.
        turns: Tell when.
    """
    hush_lightning()
    begun = time.perf_counter()
    place = tempfile.mkdtemp(dir=job["scratch"])
    prepared = build_prepared(replace(data_settings(job["data"]), prepared=place))
    seconds = time.perf_counter() - begun
    whole = {"prepared": str(prepared.folder), "train_scans": None, "test_scans": None}
    config, datamodule = datamodule_of(job | whole)
    config.trainer.max_epochs = job["turns"]
    L.seed_everything(config.seed, workers=True, verbose=False)
    classifier = classifier_of(config, datamodule)
    trainer = build_trainer(config, datamodule)
    held = WholeEpochs(turns, len(datamodule.split.train), prepare=seconds)
    trainer.callbacks.insert(0, held)  # type: ignore[attr-defined]
    trainer.fit(classifier, datamodule)


def bare_steps(job: dict[str, Any], turns: Turns) -> None:
    """Repeat the step alone: forward, loss, backward, optimizer, on one augmented batch.

    Args:
        job: As for `epochs`.
        turns: Tell when.
    """
    config, datamodule = datamodule_of(job)
    L.seed_everything(config.seed, workers=True, verbose=False)
    classifier = classifier_of(config, datamodule)
    made = classifier.configure_optimizers()
    optimizer = made if not isinstance(made, dict) else made["optimizer"]
    batch = datamodule.augmented(next(iter(datamodule.train_dataloader())), epoch=0)
    network = classifier.network.train()
    while turns.wait():
        for number in range(job["lead"] + job["steps"]):
            if number == job["lead"]:
                begun = time.perf_counter()
            optimizer.zero_grad()
            loss = F.cross_entropy(network(batch.images), batch.labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        turns.done(time.perf_counter() - begun, job["steps"] * len(batch.labels))
