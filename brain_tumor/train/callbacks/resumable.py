"""What makes a training that was stopped and went on the same as one that was never stopped."""

from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from brain_tumor.train.callbacks.tensorboard import tensorboard_writers

CONFIG = "config"  # the key under which a checkpoint holds the configuration
STOPPED = "stopped"  # and whether a callback ended the training with this epoch


class Resumable(Callback):
    """Lets dropout depend on (seed, epoch) alone, and gives each checkpoint its configuration.

    Order and augmentation depend on (seed, epoch) by themselves. So an epoch's random numbers are
    the same whatever went before, and a checkpoint needs no generator's state, which on another
    device would mean something else.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Seed torch's generators, on every device."""
        key = (self.config["seed"], trainer.current_epoch, trainer.global_rank)
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0]))

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Write down the configuration and the stop, once events are on disk."""
        checkpoint[CONFIG] = self.config
        checkpoint[STOPPED] = bool(trainer.should_stop)
        if trainer.is_global_zero:
            for writer in tensorboard_writers(trainer.loggers):
                writer.flush()


class AlreadyStopped(Callback):
    """Trains no further epoch: a callback, such as EarlyStopping, had ended the training before."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop again, which Lightning forgets; here, where it has counted the epochs before."""
        trainer.should_stop = True
