"""One trial of a study: a run that is fitted and scored on its validation part alone."""

import copy
import gc
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from optuna.trial import Trial
from rich.console import Console

from brain_tumor.data.split import VALIDATION
from brain_tumor.errors import TrainingError
from brain_tumor.metrics.registry import label_scores
from brain_tumor.runs.checkpoints import forget_before_last
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.history import read_history
from brain_tumor.train.callbacks.tensorboard import log_outcome
from brain_tumor.train.check_config import check_training
from brain_tumor.train.fit import Fitted, fit
from brain_tumor.train.resume import find_start
from brain_tumor.tune.ledger import RUN
from brain_tumor.tune.pruning import WatchedScore
from brain_tumor.tune.settings import StudySettings


@dataclass(frozen=True)
class TrialOutcome:
    """What became of a trial.

    Attributes:
        value: The objective at its best epoch.
        best_epoch: That epoch, from 1.
        epochs: Epochs trained.
        seconds: How long they took.
        pruned: Whether it was stopped early.
    """

    value: float
    best_epoch: int
    epochs: int
    seconds: float
    pruned: bool


def trial_config(training: DictConfig, values: dict[str, Any], run: RunFolder) -> DictConfig:
    """Give a trial's configuration of training.

    Args:
        training: What all trials share.
        values: The trial's own, by dotted key.
        run: Its folder.
    """
    config = copy.deepcopy(training)
    for key, value in values.items():
        OmegaConf.update(config, key, value)
    config.run_folder = str(run.path)
    return config


def run_trial(trial: Trial, settings: StudySettings, console: Console) -> TrialOutcome:
    """Fit a trial's network, in its own run folder below the study's; the test part is not scored.

    A trial that continues one which was stopped goes on from its last whole epoch.

    Raises:
        TrainingError: Its loss or its score is no number, or memory ran out.
        BrainTumorError: Anything else that the user can fix.
    """
    run = RunFolder(settings.folder / trial.user_attrs[RUN])
    config = trial_config(settings.training, trial.params, run)
    if (run.path / "run.json").exists():
        config.resume = str(run.path)
    try:
        with ExitStack() as held:
            start = find_start(config, held)
            own = check_training(start.config)
            watched = WatchedScore(trial, settings.objective, settings.minimised)
            watched.recall(read_history(run.path / "metrics.csv"), start.epochs)
            if start.epochs:
                console.print(f"continues after epoch {start.epochs}")
            fitted = fit(start, own, held, Console(quiet=True), [watched])
            assert fitted is not None  # a trial has one process
            return _kept(fitted, trial, watched)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
    # Here the error, which holds the network by its frames, is gone.
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise TrainingError("Memory ran out: a smaller data.batch_size or model needs less.")


def _kept(fitted: Fitted, trial: Trial, watched: WatchedScore) -> TrialOutcome:
    best = watched.best
    if best is None:
        raise TrainingError(f"{watched.objective} is no number in any epoch.")
    epoch, value = best
    run, record = fitted.run, fitted.record
    attributes = {
        "number": trial.number,
        "values": trial.params,
        "objective": watched.objective,
        "value": value,
        "best_epoch": epoch,
    }
    status = "pruned" if watched.pruned else "trained"
    more = {"status": status, "scored": fitted.checkpoint.name, "trial": attributes}
    run.write_json("run.json", record | more)
    forget_before_last(run.checkpoints)
    history = read_history(run.path / "metrics.csv")
    row = history["epoch"].index(epoch) if "epoch" in history else None
    scores = {
        score.key: None if row is None else history.get(f"val/{score.key}", [None] * (row + 1))[row]
        for score in label_scores()
    }
    log_outcome(fitted.trainer.loggers, {VALIDATION: scores}, {}, record["epochs"])
    return TrialOutcome(value, epoch, record["epochs"], record["seconds_fit"], watched.pruned)


def _out_of_memory(error: BaseException) -> bool:
    # torch has a kind of error for CUDA alone; on the CPU and on MPS its words tell.
    words = ("out of memory", "can't allocate memory", "not enough memory")
    known = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    return known or any(word in str(error) for word in words)
