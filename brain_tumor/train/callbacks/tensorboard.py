"""TensorBoard beside the curves: configuration, layout, hyperparameters, final scores, scans."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from matplotlib.figure import Figure
from omegaconf import DictConfig, OmegaConf
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.plugins.hparams.api_pb2 import Status
from tensorboard.plugins.hparams.metadata import (
    PLUGIN_DATA_VERSION,
    PLUGIN_NAME,
    SESSION_END_INFO_TAG,
)
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo
from torch.utils.tensorboard.summary import hparams

from brain_tumor.data.datamodule import Batch, ScanDataModule
from brain_tumor.errors import ConfigError
from brain_tumor.metrics.registry import LOSS, label_scores
from brain_tumor.models.classifier import SHORT
from brain_tumor.rendering.charts.figures import scan_sheet
from brain_tumor.runs.atomic_file import written_whole
from brain_tumor.runs.identity import flatten
from brain_tumor.train.callbacks.epoch_history import fast_dev_run

CARD = (4.5, 4.0, 76)  # inches wide and high, dots to the inch

# HPARAMS sorts by name, capitals first, and ticks five columns, those that differ before others.
HEADLINES = {
    "augment": "Augmentation",
    "optimizer.lr": "Learning rate",
    "loss": "Loss",
    "model.name": "Model",
    "split.name": "Split",
}


class AugmentedSheet(Callback):
    """Shows some training scans as they are and as the first epoch sees them.

    Args:
        path: PNG file to write, beside what goes to TensorBoard.
        scans: How many, 1 to 100.

    Raises:
        ConfigError: `scans` is outside its range.
    """

    def __init__(self, path: str, scans: int = 16) -> None:
        if not 1 <= scans <= 100:  # more are too small to be looked at
            raise ConfigError(f"callbacks.sheet.scans must lie in 1..100: {scans!r}")
        self.path, self.scans = Path(path), scans

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the sheet."""
        if fast_dev_run(trainer) or not trainer.is_global_zero:
            return
        # Lightning attaches the data module without a type of ours.
        datamodule = cast(ScanDataModule, trainer.datamodule)  # type: ignore[attr-defined]
        # Evenly spaced, so that every class is on the sheet: rows are sorted by folder and class.
        train = datamodule.split.train
        places = np.linspace(0, len(train) - 1, min(self.scans, len(train))).round().astype(int)
        rows = torch.from_numpy(train[places])
        images = torch.from_numpy(datamodule.prepared.images[rows.numpy()]).unsqueeze(1)
        labels = torch.from_numpy(datamodule.prepared.labels)[rows]
        augmented = datamodule.augmented(Batch(images, labels, rows, len(rows)), 0).images
        figure = scan_sheet(
            [images[:, 0].numpy(), augmented[:, 0].float().numpy()],
            [datamodule.prepared.classes[label] for label in labels],
            ("as prepared", "as the first epoch sees it"),
        )
        with written_whole(self.path) as file:
            figure.savefig(file, format="png")
        for writer in tensorboard_writers(trainer.loggers):
            # In the group of the part it shows: TensorBoard opens the first two groups alone.
            writer.add_figure("train/augmented", figure, global_step=0)


def write_start(
    writer: Any, config: DictConfig, classes: Sequence[str], monitored_part: str
) -> None:
    """Show the configuration as text and as hyperparameters, and lay out the custom scalars.

    The layout puts the training part and the monitored part on one chart, for the loss and the
    scores of an epoch and for the F1 of each class.
    """
    text = OmegaConf.to_yaml(config, resolve=True)
    parts = ("train", SHORT.get(monitored_part, monitored_part))
    # What a chart is called -> the end of its two curves' names.
    charts = {LOSS: LOSS, **{score.title: score.key for score in label_scores()}}
    layout = {
        # Categories of one title are joined over all runs, which may monitor different parts.
        " and ".join(parts): _charts(parts, charts),
        f"{' and '.join(parts)}: F1 of each class": _charts(
            parts, {name: f"f1/{name}" for name in classes}
        ),
    }
    # Indented lines are code to TensorBoard's Markdown.
    writer.add_text("config", "\n".join(f"    {line}" for line in text.splitlines()))
    writer.add_custom_scalars(layout)
    # The summary of the experiment, the first of the three, is never written: of many runs
    # TensorBoard would take its columns from an arbitrary one. Where there is none it gathers them
    # from all runs, and shows those that differ first.
    _, start, _ = hparams(_hyperparameters(config), {})  # type: ignore[no-untyped-call]
    writer._get_file_writer().add_summary(start)


def write_end(writer: Any, failed: bool) -> None:
    """Tell how the training ended: of a failed one HPARAMS shows the values without final scores.

    Otherwise it shows them beside the scores named `final/<part>/<score>`.
    """
    status = Status.Value("STATUS_FAILURE" if failed else "STATUS_SUCCESS")
    end = HParamsPluginData(
        session_end_info=SessionEndInfo(status=status), version=PLUGIN_DATA_VERSION
    )
    plugin = SummaryMetadata.PluginData(plugin_name=PLUGIN_NAME, content=end.SerializeToString())
    value = Summary.Value(tag=SESSION_END_INFO_TAG, metadata=SummaryMetadata(plugin_data=plugin))
    writer._get_file_writer().add_summary(Summary(value=[value]))
    writer.flush()


def tensorboard_writers(loggers: Iterable[Logger]) -> list[Any]:
    """Give the writers of those loggers that are TensorBoard's."""
    return [logger.experiment for logger in loggers if isinstance(logger, TensorBoardLogger)]


def tensorboard_folders(loggers: Iterable[Logger]) -> list[Path]:
    """Give the folders of their event files, whether they are there yet or not."""
    return [Path(logger.log_dir) for logger in loggers if isinstance(logger, TensorBoardLogger)]


def add_card(writer: Any, tag: str, figure: Figure, step: int) -> None:
    """Show a figure in the size of one of TensorBoard's cards, which shrink without smoothing.

    It is laid out for that size once, so that no label is cut off, and keeps its places then.
    """
    if (*figure.get_size_inches(), figure.dpi) != CARD:
        figure.set_size_inches(*CARD[:2])
        figure.set_dpi(CARD[2])
        figure.set_layout_engine("constrained")
        for _ in range(3):  # each time it comes nearer to where nothing is cut off
            figure.draw_without_rendering()
        # To find its places takes half the time of a drawing.
        figure.set_layout_engine("none")
    writer.add_figure(tag, figure, global_step=step)


def _charts(parts: Sequence[str], endings: Mapping[str, str]) -> dict[str, list[Any]]:
    # TensorBoard matches the start of a tag by a regular expression.
    return {
        title: ["Multiline", [f"{re.escape(f'{part}/{ending}')}$" for part in parts]]
        for title, ending in endings.items()
    }


def _hyperparameters(config: DictConfig) -> dict[str, int | float | str]:
    resolved = cast(dict[str, Any], OmegaConf.to_container(config, resolve=True))
    groups = ("split", "augment", "model", "loss", "optimizer", "scheduler", "seed")
    data = {name: resolved["data"][name] for name in ("name", "batch_size")}
    epochs = {"max_epochs": resolved["trainer"]["max_epochs"]}
    nested = {name: resolved[name] for name in groups} | {"data": data, "trainer": epochs}
    named: dict[str, int | float | str] = {}
    for name, value in flatten(nested).items():
        if name.endswith("._target_"):  # what is built, under its group's name
            named[name.removesuffix("._target_")] = str(value).rpartition(".")[2]
        elif not name.endswith("._partial_"):
            # Numbers and text are what HPARAMS takes; it would show a truth value as a number.
            named[name] = value if type(value) in (int, float) else str(value)
    return {HEADLINES.get(name, name): value for name, value in named.items()}
