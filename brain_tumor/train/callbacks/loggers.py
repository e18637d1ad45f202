"""What every logger is told beside the curves: configuration, final scores, how a run ended."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from matplotlib.figure import Figure
from omegaconf import DictConfig

from brain_tumor.config.arguments import plain_values
from brain_tumor.config.instantiate import check_target, instantiate
from brain_tumor.errors import ConfigError
from brain_tumor.models.classifier import SHORT
from brain_tumor.runs.identity import flatten
from brain_tumor.runs.tensorboard_events import FINAL
from brain_tumor.train.callbacks.tensorboard import add_card, write_end, write_start


def build_loggers(config: DictConfig) -> list[Logger]:
    """Build every configured logger; one that is set to null is left out."""
    return [_built(node, f"logger.{name}") for name, node in _configured(config)]


def check_loggers(config: DictConfig) -> bool:
    """Tell whether a logger is configured; none is built, which may make a database.

    ConfigError where one is no logger, does not take its arguments, or needs a library.
    """
    for name, node in _configured(config):
        check_target(node, f"logger.{name}")
    return bool(_configured(config))


def log_start(
    loggers: Sequence[Logger], config: DictConfig, classes: Sequence[str], monitored_part: str
) -> None:
    """Show the configuration: TensorBoard's way, and to others as hyperparameters by dotted key."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            write_start(logger.experiment, config, classes, monitored_part)
        else:
            logger.log_hyperparams(flatten(config))


def log_outcome(
    loggers: Sequence[Logger],
    scores: Mapping[str, Mapping[str, Any]],
    figures: Mapping[str, Figure],
    epochs: int,
) -> None:
    """Show the final scores of each part, as `final/<part>/<score>`, and end the loggers' runs.

    `scores` and `figures`, confusion matrices, are per part, `val` for validation; a score that is
    None is left out. Figures go to TensorBoard, W&B, MLflow, and whatever has a `log_image` like
    W&B's. `epochs` that were trained are their place on the x axis.
    """
    named = {
        f"{FINAL}{SHORT.get(part, part)}/{key}": float(value)
        for part, values in scores.items()
        for key, value in values.items()
        if value is not None
    }
    for logger in loggers:
        logger.log_metrics(named, epochs)
        for part, figure in figures.items():
            _show(logger, f"{FINAL}{SHORT.get(part, part)}/confusion", figure, epochs)
        _end(logger, failed=False)


def log_failure(loggers: Sequence[Logger]) -> None:
    """Tell the loggers that the training failed."""
    for logger in loggers:
        _end(logger, failed=True)


def viewers(loggers: Iterable[Logger], run: Path) -> list[str]:
    """Give the commands, or the files, that show what the loggers hold of a run."""
    found = []
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            found.append(f"tensorboard --logdir {run.parent}")
        elif isinstance(logger, WandbLogger) and logger._offline:
            found.append(f"wandb sync {run}/wandb/offline-run-* (sends them to your account)")
        elif isinstance(logger, MLFlowLogger):
            found.append(f"mlflow ui --backend-store-uri {logger._tracking_uri}")
    return found or [f"{run / 'metrics.csv'}"]


def _configured(config: DictConfig) -> list[tuple[str, Any]]:
    return [
        (name, node)
        for name, node in plain_values(config.logger, "logger").items()
        if node is not None
    ]


def _built(node: Any, key: str) -> Logger:
    database = str(node.get("tracking_uri", "")).partition("sqlite:///")[2]
    try:
        if database:  # SQLite makes a file, but no folder
            Path(database).parent.mkdir(parents=True, exist_ok=True)
        logger: Logger = instantiate(node, key)
    except OSError as error:
        raise ConfigError(f"{key}.tracking_uri cannot be made: {error}") from error
    return logger


def _show(logger: Any, tag: str, figure: Figure, epochs: int) -> None:
    if isinstance(logger, TensorBoardLogger):
        add_card(logger.experiment, tag, figure, epochs)
    elif isinstance(logger, MLFlowLogger):
        logger.experiment.log_figure(logger.run_id, figure, f"{tag}.png")
    elif hasattr(logger, "log_image"):
        logger.log_image(tag, [figure])


def _end(logger: Logger, failed: bool) -> None:
    if isinstance(logger, TensorBoardLogger):
        write_end(logger.experiment, failed)
    elif isinstance(logger, WandbLogger):  # else a sweep's next job would write into its run
        logger.experiment.finish(exit_code=int(failed))
    elif isinstance(logger, MLFlowLogger) and failed:
        logger.experiment.set_terminated(logger.run_id, "FAILED")
    elif not failed:
        logger.save()
