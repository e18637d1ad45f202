"""From a composed configuration to the objects that train."""

from typing import Any

import lightning as L
from lightning.pytorch import Callback
from lightning.pytorch.strategies import DDPStrategy
from omegaconf import DictConfig

from brain_tumor.config.arguments import parse_settings, plain_values
from brain_tumor.config.instantiate import instantiate
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import VALIDATION, Split
from brain_tumor.engine.ddp import OwnTermination
from brain_tumor.engine.determinism import check_deterministic
from brain_tumor.engine.precision import keep_float32
from brain_tumor.engine.ranks import shares_work
from brain_tumor.engine.sync_batchnorm import GlobalBatchNorms
from brain_tumor.errors import ConfigError
from brain_tumor.models.classifier import TrainingSettings, TumorClassifier
from brain_tumor.runs.checkpoints import WholeCheckpoints
from brain_tumor.train.callbacks.resumable import Resumable


def build_datamodule(config: DictConfig, prepared: PreparedSet, split: Split) -> ScanDataModule:
    """Build the data module with the configured augmentation and batch size."""
    augment = None
    if config.augment is not None:
        augment = instantiate(config.augment, "augment")
    return ScanDataModule(
        prepared,
        split,
        augment,
        batch_size=config.data.batch_size,
        num_workers=config.data.num_workers,
        seed=config.seed,
    )


def build_classifier(config: DictConfig, datamodule: ScanDataModule) -> TumorClassifier:
    """Build the configured network with its pretrained weights, optimizer and schedule."""
    network = plain_values(config.model, "model")
    weights = network.pop("weights", None)
    scheduler = None
    if config.scheduler is not None:
        scheduler = instantiate(config.scheduler, "scheduler")
    classifier = TumorClassifier(
        network,
        datamodule.prepared.classes,
        instantiate(config.optimizer, "optimizer"),
        scheduler,
        datamodule.monitored_part,
        parse_settings(TrainingSettings, config.training, "training"),
    )
    if weights is not None:
        classifier.load_pretrained(str(weights))
    return classifier


def build_trainer(config: DictConfig, datamodule: ScanDataModule) -> L.Trainer:
    """Build the Trainer with the configured callbacks and loggers."""
    return make_trainer(config, datamodule.monitored_part)


def make_trainer(config: DictConfig, monitored_part: str) -> L.Trainer:
    """Build the Trainer for a split whose monitored part is known.

    Raises:
        ConfigError: A value is of the wrong kind or outside its range, or contradicts the split.
    """
    epochs = config.trainer.get("max_epochs")
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise ConfigError(f"trainer.max_epochs must be a positive whole number: {epochs!r}")
    several = shares_work(config)
    if not several and config.trainer.get("devices") != 1:
        raise ConfigError(
            f"trainer.devices must be 1, not {config.trainer.get('devices')!r}: a run uses one "
            "device, or several with trainer=ddp."
        )
    if several and config.trainer.get("use_distributed_sampler") is not False:
        raise ConfigError(
            "trainer.use_distributed_sampler must be false, as trainer=ddp has it: batches are "
            "shared already."
        )
    callbacks = {
        name: callback
        for name, callback in build_callbacks(config).items()
        if has_its_part(callback, monitored_part)
    }
    if "last" not in callbacks:
        raise ConfigError("callbacks.last must stay: it keeps the checkpoint that is scored.")
    if monitored_part == VALIDATION and "best" not in callbacks:
        raise ConfigError(
            "callbacks.best must stay where a split has a validation part: it keeps the checkpoint "
            "that is scored; split.validation_fraction=0 scores the last epoch."
        )
    loggers = [
        instantiate(logger, f"logger.{name}")
        for name, logger in plain_values(config.logger, "logger").items()
        if logger is not None
    ]
    keep_float32()
    asked: Any = plain_values(config.trainer, "trainer")
    plugins: list[Any] = [WholeCheckpoints()]
    engine: list[Callback] = [Resumable(plain_values(config))]
    if several:
        engine.append(OwnTermination())
        plugins.append(GlobalBatchNorms())
        # Buffers are the same everywhere: statistics are counted over all processes.
        asked["strategy"] = DDPStrategy(broadcast_buffers=False)
    try:
        trainer: L.Trainer = instantiate(
            asked,
            "trainer",
            callbacks=[*callbacks.values(), *engine],
            logger=loggers or False,
            default_root_dir=str(config.run_folder),
            plugins=plugins,
        )
    except ConfigError as error:
        raise ConfigError(f"{error} (trainer=auto takes the device that is there)") from error
    check_deterministic(config.trainer.get("deterministic"), trainer)
    return trainer


def build_callbacks(config: DictConfig) -> dict[str, Callback]:
    """Build every configured callback, by name; one that is set to null is left out."""
    return {
        name: instantiate(callback, f"callbacks.{name}")
        for name, callback in plain_values(config.callbacks, "callbacks").items()
        if callback is not None
    }


def has_its_part(callback: Callback, monitored_part: str) -> bool:
    """Tell whether the part that a callback selects by is scored.

    What selects by validation scores has no place where the monitored part is the test part.
    """
    monitor = str(getattr(callback, "monitor", None) or "")
    return not monitor.startswith("val/") or monitored_part == VALIDATION
