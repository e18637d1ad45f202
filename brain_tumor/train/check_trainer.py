"""What of Lightning cannot be used here, said before any scan is read.

`docs/extend/callbacks.md` has a table of what can.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from lightning.pytorch import Callback
from lightning.pytorch.callbacks import (
    BaseFinetuning,
    BatchSizeFinder,
    DeviceStatsMonitor,
    LearningRateFinder,
    LearningRateMonitor,
    StochasticWeightAveraging,
)
from omegaconf import DictConfig

from brain_tumor.data.split import VALIDATION
from brain_tumor.errors import ConfigError

# Why, and what to do.
REFUSED: dict[type[Callback], str] = {
    LearningRateFinder: (
        "would train at another learning rate than the run records: search optimizer.lr by "
        "brain_tumor.tune, or leave the callback out."
    ),
    BatchSizeFinder: (
        "would train with another batch size than the run records: give data.batch_size, or leave "
        "the callback out."
    ),
    StochasticWeightAveraging: (
        "leaves its average in no checkpoint, and checkpoints are what is scored: take "
        "callbacks=finetune, whose AveragedWeights does."
    ),
    BaseFinetuning: "is not needed: model.unfreeze says which pretrained layers are trained.",
}


def check_callbacks(callbacks: Mapping[str, Callback], has_logger: bool) -> None:
    """See that each callback, by name, can be used."""
    for name, callback in callbacks.items():
        kind = type(callback).__name__
        for refused, why in REFUSED.items():
            if isinstance(callback, refused):
                raise ConfigError(f"callbacks.{name} is a {kind}, which {why}")
        if not has_logger and isinstance(callback, DeviceStatsMonitor | LearningRateMonitor):
            raise ConfigError(
                f"callbacks.{name} is a {kind}, which needs a logger: add logger=tensorboard, or "
                "leave the callback out."
            )
        if isinstance(callback, DeviceStatsMonitor) and find_spec("psutil") is None:
            raise ConfigError(
                f"callbacks.{name} is a {kind}, which needs psutil: pip install psutil"
            )


def check_trainer(config: DictConfig, monitored_part: str) -> None:
    """Refuse values of the Trainer that would leave nothing to score."""
    asked, epochs = config.trainer, config.trainer.max_epochs
    if asked.get("overfit_batches"):
        raise ConfigError(
            "trainer.overfit_batches cannot be used, for Lightning does not cut the batches: leave "
            "it out, or write +trainer.limit_train_batches=1 in its place, which trains on one "
            "batch of each epoch."
        )
    if _is_zero(asked.get("limit_train_batches")):
        raise ConfigError("trainer.limit_train_batches must be above 0: nothing would be trained.")
    if monitored_part != VALIDATION:
        return
    if _is_zero(asked.get("limit_val_batches")):
        raise ConfigError(
            "trainer.limit_val_batches must be above 0: the best epoch is chosen by validation "
            "scans; split.validation_fraction=0 scores the last epoch."
        )
    every = asked.get("check_val_every_n_epoch", 1)
    if isinstance(every, int) and not asked.get("fast_dev_run") and every > epochs:
        raise ConfigError(
            f"trainer.check_val_every_n_epoch is {every}, and trainer.max_epochs {epochs}: no "
            f"epoch would be scored; give +trainer.check_val_every_n_epoch={epochs} or less."
        )


def _is_zero(value: Any) -> bool:
    return value is not None and not isinstance(value, bool) and value == 0
