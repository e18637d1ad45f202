"""From a composed configuration to the objects that train."""

import warnings

import lightning as L
import torch
from omegaconf import DictConfig

from brain_tumor.data.augment import Augment
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.prepared import PreparedSet
from brain_tumor.data.split import Split
from brain_tumor.errors import ConfigError
from brain_tumor.models.classifier import TumorClassifier
from brain_tumor.runtime.build_scans import plain_values
from brain_tumor.runtime.instantiate import instantiate


def build_datamodule(config: DictConfig, prepared: PreparedSet, split: Split) -> ScanDataModule:
    """Build the data module with the configured augmentation and batch size."""
    augment = None
    if config.augment is not None:
        augment = instantiate(config.augment, "augment")
        _try_augment(augment, prepared.images.shape[-1])
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
    network = plain_values(config.model)
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
    )
    _try_classifier(classifier, datamodule.prepared.images.shape[-1], str(config.model.name))
    if weights is not None:
        classifier.load_pretrained(str(weights))
    return classifier


def build_trainer(config: DictConfig, datamodule: ScanDataModule) -> L.Trainer:
    """Build the Trainer with the configured callbacks and loggers."""
    epochs = config.trainer.get("max_epochs")
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise ConfigError(f"trainer.max_epochs must be a positive whole number: {epochs!r}")
    if config.trainer.get("devices") != 1:
        raise ConfigError(
            f"trainer.devices must be 1, not {config.trainer.get('devices')!r}: a run uses one "
            "device."
        )
    if config.callbacks.get("last") is None:
        raise ConfigError("callbacks.last must stay: it keeps the checkpoint that is scored.")
    callbacks = [
        instantiate(callback, f"callbacks.{name}")
        for name, callback in config.callbacks.items()
        if callback is not None and _has_its_part(callback, datamodule.monitored_part)
    ]
    loggers = [instantiate(logger, f"logger.{name}") for name, logger in config.logger.items()]
    try:
        trainer: L.Trainer = instantiate(
            config.trainer,
            "trainer",
            callbacks=callbacks,
            logger=loggers or False,
            default_root_dir=str(config.run_folder),
        )
    except ConfigError as error:
        raise ConfigError(f"{error} (trainer=auto takes the device that is there)") from error
    return trainer


# What follows is tried before anything long is begun, so that a wrong value costs no waiting.


def _try_augment(augment: Augment, size: int) -> None:
    try:
        scan = torch.zeros((1, 1, size, size), dtype=torch.uint8)
        augment(scan, torch.full((1, augment.draws_per_scan), 0.5))
    except (RuntimeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"augment cannot treat scans of {size} x {size} pixels: {_one_line(error)}"
        ) from error


def _try_classifier(classifier: TumorClassifier, size: int, name: str) -> None:
    try:
        made = classifier.configure_optimizers()
        if classifier.make_scheduler is not None:
            with warnings.catch_warnings():  # a schedule expects the optimizer to step first
                warnings.simplefilter("ignore")
                made["lr_scheduler"]["scheduler"].step()
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ConfigError(
            f"optimizer or scheduler does not work as configured: {_one_line(error)}"
        ) from error
    try:
        with torch.no_grad():
            classifier.eval()(torch.zeros((1, 1, size, size), dtype=torch.uint8))
    except RuntimeError as error:
        raise ConfigError(
            f"The model {name} does not take scans of {size} x {size} pixels: leave "
            "data.crop.size at 256, or choose another model."
        ) from error
    classifier.train()


def _has_its_part(callback: DictConfig, monitored_part: str) -> bool:
    # What selects by validation scores has no place where the monitored part is the test part.
    monitor = str(callback.get("monitor") or "")
    return not monitor.startswith("val/") or monitored_part == "validation"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
