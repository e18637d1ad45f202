"""What of Lightning cannot be used here, said before any scan is read, and what may select epochs.

`docs/extend/callbacks.md` has a table of what can.
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
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

from brain_tumor.data.split import TEST, TRAIN, VALIDATION
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.metrics.registry import LOSS, better
from brain_tumor.models.classifier import SHORT
from brain_tumor.models.epoch_scores import score_names

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
WAYS = {"lower": "min", "higher": "max"}  # as Lightning's callbacks call it


def check_callbacks(
    callbacks: Mapping[str, Callback], classes: Sequence[str], has_logger: bool, checkpoints: Path
) -> None:
    """See that each callback, by name, can be used; those too that need a validation part.

    None may monitor the test part or what is not logged, or take worst for best; `last` and `best`
    have to keep their checkpoints in that folder.
    """
    scores = (LOSS, *score_names(classes))
    known = [f"{SHORT.get(part, part)}/{name}" for part in (VALIDATION, TRAIN) for name in scores]
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
        _check_monitor(name, callback, known)
        kept = (getattr(callback, "filename", None), getattr(callback, "dirpath", None))
        if name in ("last", "best") and kept != (name, str(checkpoints)):
            raise ConfigError(
                f"callbacks.{name} must keep checkpoints/{name}.ckpt in the run folder, where it "
                "is looked for: leave its _target_, dirpath and filename as they are."
            )


def _check_monitor(name: str, callback: Callback, known: Sequence[str]) -> None:
    key, monitor = f"callbacks.{name}.monitor", getattr(callback, "monitor", None)
    if monitor is None:
        if name == "best":
            raise ConfigError(f"{key} must name a score, such as val/balanced_accuracy: null")
        return
    if str(monitor).partition("/")[0] == TEST:
        raise ConfigError(
            f"{key} is {monitor}: nothing may be selected by test scans; name a score of the "
            "validation part, such as val/balanced_accuracy."
        )
    if monitor not in known:
        raise ConfigError(f"{key} is {monitor}, which is not logged: {suggest(monitor, known)}")
    mode, right = getattr(callback, "mode", None), WAYS[better(monitor)]
    if mode != right:
        raise ConfigError(
            f"callbacks.{name}.mode must be {right} where {monitor} is monitored: {mode}"
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
