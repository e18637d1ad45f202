"""One trial of a study: a run that is fitted and scored on its validation part alone."""

import copy
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities.memory import garbage_collection_cuda, is_oom_error
from omegaconf import DictConfig, OmegaConf
from optuna import TrialPruned
from optuna.trial import FrozenTrial, Trial
from rich.console import Console

from brain_tumor.data.split import VALIDATION
from brain_tumor.errors import TrainingError
from brain_tumor.metrics.registry import label_scores
from brain_tumor.runs.checkpoints import forget_before_last
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.history import History, read_history
from brain_tumor.runs.results.run import RUN as RUN_FILE
from brain_tumor.runs.results.run import TrialRecord
from brain_tumor.train.callbacks.loggers import log_outcome
from brain_tumor.train.check_config import check_training
from brain_tumor.train.fit import Fitted, fit
from brain_tumor.train.resume import find_start
from brain_tumor.tune.study import RUN, SECONDS, Study


def trial_config(training: DictConfig, values: dict[str, Any], run: RunFolder) -> DictConfig:
    """Give what all trials share with a trial's own values, by dotted key, and its run folder."""
    config = copy.deepcopy(training)
    for key, value in values.items():
        OmegaConf.update(config, key, value)
    config.run_folder = str(run.path)
    return config


def run_trial(trial: Trial, study: Study, console: Console) -> float:
    """Fit a trial's network, in a run folder below the study's; the test part is not scored.

    A trial that was stopped continues after its last whole epoch. Gives the objective at its best
    epoch; TrialPruned where the pruner stopped it, TrainingError where its loss or its score is no
    number, or memory ran out.
    """
    settings = study.settings
    run = RunFolder(settings.folder / trial.user_attrs[RUN])
    config = trial_config(settings.training, trial.params, run)
    if (run.path / "run.json").exists():
        config.resume = str(run.path)
    try:
        with ExitStack() as held:
            start = find_start(config, held)
            own = check_training(start.config)
            watched = WatchedScore(trial, settings.objective)
            watched.recall(read_history(run.path / "metrics.csv"), start.epochs)
            if start.epochs:
                console.print(f"continues after epoch {start.epochs}")
            fitted = fit(start, own, held, Console(quiet=True), [watched])
            assert fitted is not None  # a trial has one process
            value = _finish(fitted, trial, study, watched.pruned)
            if watched.pruned:
                raise TrialPruned
            return value
    except (MemoryError, RuntimeError) as error:
        # Lightning knows CUDA's words and those of the CPU, not Metal's.
        words = ("out of memory", "not enough memory")
        known = isinstance(error, MemoryError) or is_oom_error(error)
        if not known and not any(word in str(error) for word in words):
            raise
    garbage_collection_cuda()  # here the error, which holds the network by its frames, is gone
    raise TrainingError("Memory ran out: a smaller data.batch_size or model needs less.")


class WatchedScore(Checkpoint):
    """Reports a validation score after every epoch, and stops a trial that the pruner gives up.

    A `Checkpoint`, because Lightning calls those after all others; behind the one that writes
    `last.ckpt`, so that a trial which is stopped has its last epoch on disk.
    """

    def __init__(self, trial: Trial, objective: str) -> None:
        self.trial, self.objective = trial, objective
        self.pruned = False
        self._scored = False
        self._reported = set(frozen(trial).intermediate_values)

    def recall(self, history: History, epochs: int) -> None:
        """Report the first epochs, which an earlier process did, as `metrics.csv` has them."""
        values = history.get(self.objective, [])
        for epoch, value in zip(history.get("epoch", []), values, strict=bool(values)):
            if epoch is not None and epoch <= epochs and value is not None:
                self._report(int(epoch), value)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that the monitored part was scored in this epoch."""
        self._scored = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the epoch; stop where the pruner says so."""
        if not self._scored:
            return
        self._scored = False
        epoch = trainer.current_epoch + 1
        self._report(epoch, float(trainer.callback_metrics[self.objective]))
        # After its last epoch a trial is finished, and counts as such.
        if epoch != trainer.max_epochs and self.trial.should_prune():
            self.pruned = trainer.should_stop = True

    def _report(self, epoch: int, value: float) -> None:
        if epoch not in self._reported:  # as it may be where an earlier process stopped
            self.trial.report(value, epoch)


def frozen(trial: Trial) -> FrozenTrial:
    """Give what the study knows of a trial so far."""
    return trial.study.get_trials(deepcopy=False)[trial.number]


def _finish(fitted: Fitted, trial: Trial, study: Study, pruned: bool) -> float:
    epoch, value = study.best_epoch(frozen(trial))
    objective = study.settings.objective
    if epoch is None or value is None:
        raise TrainingError(f"{objective} is no number in any epoch.")
    run = fitted.run
    record = replace(
        fitted.record,
        status="pruned" if pruned else "trained",
        scored=fitted.checkpoint.name,
        trial=TrialRecord(trial.number, trial.params, objective, value, epoch),
    )
    RUN_FILE.write(run, record)
    forget_before_last(run.checkpoints)
    history = read_history(run.path / "metrics.csv")
    row = history["epoch"].index(epoch) if "epoch" in history else None
    scores = {
        score.key: None if row is None else history.get(f"val/{score.key}", [None] * (row + 1))[row]
        for score in label_scores()
    }
    log_outcome(fitted.trainer.loggers, {VALIDATION: scores}, {}, fitted.trainer.current_epoch)
    trial.set_user_attr(SECONDS, record.seconds_fit)
    return value
