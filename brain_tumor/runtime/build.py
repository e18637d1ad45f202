"""From a composed configuration to the objects of a run."""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import lightning as L
import torch
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from brain_tumor.data.augment import Augment
from brain_tumor.data.crop import CropSettings
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.harmonise import HarmoniseSettings
from brain_tumor.data.kaggle import fetch_scans
from brain_tumor.data.near_duplicates import NearDuplicateSettings
from brain_tumor.data.patients import FIGSHARE
from brain_tumor.data.phantom import write_phantoms
from brain_tumor.data.prepared import PreparedSet
from brain_tumor.data.preparing import PrepareSettings, prepare_scans
from brain_tumor.data.split import FILE, Split, SplitSettings, split_scans
from brain_tumor.data.split_file import read_split, refuse_straddling
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.models.classifier import TumorClassifier
from brain_tumor.runtime.instantiate import instantiate
from brain_tumor.runtime.preparing_bar import preparing_bar

T = TypeVar("T")
SOURCES = ("kaggle", "phantom", "folder")


def raw_folder(data: DictConfig) -> Path:
    """Give the folder of raw scans: the one that is configured, else drawn or fetched.

    Raises:
        DataError: There is none and none can be had.
    """
    if data.source not in SOURCES:
        raise ConfigError(f"data.source is {data.source!r}: choose one of {', '.join(SOURCES)}.")
    # An environment variable that is set to nothing counts as not set.
    root = Path(str(data.root)).expanduser() if data.root else None
    if data.source == "kaggle" and root is None:
        return fetch_scans(data.kaggle.handle, data.kaggle.version, _plain(data.kaggle.counts))
    if root is None:
        raise ConfigError(f"data.root is not given: name a folder where data.source={data.source}.")
    if data.source == "phantom":
        with Console().status(f"drawing phantom scans into {root}"):
            _filled(partial(write_phantoms, root), data.phantom, "data.phantom")
    return root


def build_prepared(data: DictConfig) -> PreparedSet:
    """Prepare the configured scans, or open what was prepared from the same before.

    Shows a progress bar on a terminal.
    """
    root = raw_folder(data)
    settings = PrepareSettings(
        tuple(data.classes),
        _filled(CropSettings, data.crop, "data.crop"),
        _filled(HarmoniseSettings, data.harmonise, "data.harmonise"),
        _filled(NearDuplicateSettings, data.near_duplicates, "data.near_duplicates"),
        patient_table(data.patients),
    )
    directory = Path(str(data.prepared)).expanduser()
    with preparing_bar() as progress:
        prepared = prepare_scans(root, settings, directory, str(data.name), progress)
    refuse_strange_table(prepared, data.patients, root)
    return prepared


def patient_table(patients: str | None) -> Path | None:
    """Find a configured patient table: `figshare` is our own, null is none."""
    if patients is None:
        return None
    return FIGSHARE if patients == "figshare" else Path(str(patients)).expanduser()


def refuse_strange_table(prepared: PreparedSet, patients: str | None, root: Path) -> None:
    """Make sure that a patient table which was given is one of these scans.

    Raises:
        DataError: It names none of them.
    """
    if patients not in (None, "figshare") and not any(row.patient for row in prepared.manifest):
        raise DataError(
            f"The patient table {patients} names no file of {root}: its paths have to be "
            "relative to that folder, or its digests those of the files."
        )


def build_split(prepared: PreparedSet, split: DictConfig) -> Split:
    """Split the kept scans as configured.

    Raises:
        DataError: The scans cannot be split so, or a group stands on two sides of a split that is
            not meant to leak.
    """
    settings = _filled(SplitSettings, split, "split")
    if settings.name == FILE:
        rows = {row.path: row.row for row in prepared.manifest}
        made = read_split(Path(str(settings.path)).expanduser(), rows)
    else:
        folders = [row.folder for row in prepared.kept]
        made = split_scans(prepared.labels, folders, prepared.groups, settings)
    if not settings.leaky:
        paths = [row.path for row in prepared.kept]
        refuse_straddling(made, prepared.groups, paths, settings.path or settings.name)
    return made


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
    network = _plain(config.model)
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


def _filled(target: Callable[..., T], node: DictConfig, key: str) -> T:
    try:
        return target(**_plain(node))
    except TypeError as error:  # an unknown name, or a value of another kind
        raise ConfigError(f"{key} does not fit: {error}.") from error


def _plain(node: DictConfig | None) -> dict[str, Any]:
    values = OmegaConf.to_container(node, resolve=True) if node is not None else None
    if not isinstance(values, dict):
        raise ConfigError(f"A group of named values was expected, not {values!r}.")
    return {str(key): value for key, value in values.items()}
