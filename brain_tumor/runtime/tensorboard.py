"""TensorBoard beside the curves: configuration, augmented scans, confusion, hyperparameters."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from matplotlib.figure import Figure
from omegaconf import DictConfig, OmegaConf

from brain_tumor.data.datamodule import Batch, ScanDataModule
from brain_tumor.report.figures import scan_sheet
from brain_tumor.runtime.history import fast_dev_run


class AugmentedSheet(Callback):
    """Shows some training scans as they are and as the first epoch sees them.

    Args:
        path: PNG file to write, beside what goes to TensorBoard.
        scans: How many.
    """

    def __init__(self, path: str, scans: int = 16) -> None:
        self.path, self.scans = Path(path), scans

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the sheet."""
        if fast_dev_run(trainer):
            return
        # Lightning attaches the data module without a type of ours.
        datamodule = cast(ScanDataModule, trainer.datamodule)  # type: ignore[attr-defined]
        # Evenly spaced, so that every class is on the sheet: rows are sorted by folder and class.
        train = datamodule.split.train
        places = np.linspace(0, len(train) - 1, min(self.scans, len(train))).round().astype(int)
        rows = torch.from_numpy(train[places])
        images = torch.from_numpy(datamodule.prepared.images[rows.numpy()]).unsqueeze(1)
        labels = torch.from_numpy(datamodule.prepared.labels)[rows]
        augmented = datamodule.augmented(Batch(images, labels, rows), epoch=0).images
        figure = scan_sheet(
            [images[:, 0].numpy(), augmented[:, 0].float().numpy()],
            [datamodule.prepared.classes[label] for label in labels],
            ("as prepared", "as the first epoch sees it"),
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(self.path)
        for writer in _writers(trainer.loggers):
            writer.add_figure("scans/augmented", figure, global_step=0)


def log_config(loggers: Iterable[Logger], config: DictConfig) -> None:
    """Show the resolved configuration as a text page."""
    text = OmegaConf.to_yaml(config, resolve=True)
    for writer in _writers(loggers):
        # Indented lines are code to TensorBoard's Markdown.
        writer.add_text("config", "\n".join(f"    {line}" for line in text.splitlines()))


def log_outcome(
    loggers: Iterable[Logger],
    config: DictConfig,
    scores: Mapping[str, Mapping[str, Any]],
    figures: Mapping[str, Figure],
    epochs: int,
) -> None:
    """Show each part's confusion matrix, and the hyperparameters with the final scores.

    Args:
        loggers: Those of the Trainer; others than TensorBoard's are passed over.
        config: The run's configuration.
        scores: Per part, as in `metrics.json`.
        figures: Per part, its confusion matrix.
        epochs: Epochs trained, the pictures' place on the x axis.
    """
    final = {
        f"final/{name}_{part}": values[name]
        for part, values in scores.items()
        for name in ("accuracy", "balanced_accuracy", "macro_f1")
        if values[name] is not None
    }
    resolved = cast(dict[str, Any], OmegaConf.to_container(config, resolve=True))
    groups = ("split", "augment", "model", "optimizer", "scheduler", "seed")
    data = {name: resolved["data"][name] for name in ("name", "batch_size")}
    hparams = _flat({group: resolved[group] for group in groups} | {"data": data, "epochs": epochs})
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.log_hyperparams(hparams, final)
    for writer in _writers(loggers):
        for part, figure in figures.items():
            writer.add_figure(f"confusion/{part}", figure, global_step=epochs)
        writer.flush()


def _writers(loggers: Iterable[Logger]) -> list[Any]:
    return [logger.experiment for logger in loggers if isinstance(logger, TensorBoardLogger)]


def _flat(node: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(node, dict):
        # HPARAMS takes numbers, booleans and text.
        return {prefix: node if isinstance(node, (bool, int, float)) else str(node)}
    flat: dict[str, Any] = {}
    for key, value in node.items():
        flat |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return flat
