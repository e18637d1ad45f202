"""A study from its configuration: trials until there are enough, then what they tell."""

import time
from contextlib import ExitStack

import optuna
from omegaconf import DictConfig
from optuna.trial import FrozenTrial, Trial, TrialState
from rich.console import Console

from brain_tumor.config.data import build_prepared, build_split
from brain_tumor.data.split import VALIDATION
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import TrainingError
from brain_tumor.rendering.numbers import format_score
from brain_tumor.rendering.tables import data_sentence
from brain_tumor.runs.folder import RunFolder
from brain_tumor.tune.outcome import Choices, print_line, shown_value, write_outcome
from brain_tumor.tune.settings import no_validation, study_settings
from brain_tumor.tune.study import REASON, Study
from brain_tumor.tune.trial import frozen, run_trial


def tune(config: DictConfig, choices: Choices) -> FrozenTrial | None:
    """Begin a study or go on with it, and write what it found; give the best trial, if any.

    `choices` are Hydra's. After Ctrl-C or SIGTERM what is done stays, and the trial that ran waits
    for the next call.
    """
    hush_lightning()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console = Console(highlight=False)
    settings = study_settings(config)
    prepared = build_prepared(settings.run.data, lambda line: print_line(console, line))
    split = build_split(prepared, settings.run.split)
    counts = split.class_counts(prepared.labels, prepared.classes)
    if not sum(counts.get(VALIDATION, {}).values()):
        raise no_validation(settings.run.split.name)
    study = Study(settings, prepared.fingerprint)
    console.print(data_sentence(prepared.summary, counts))
    try:
        _run_trials(study, console)
    except KeyboardInterrupt as stop:
        with study.deciding():
            write_outcome(study, choices, Console(quiet=True))
        place = RunFolder(settings.folder).display_path
        raise type(stop)(f"the same command continues the study {place}") from None
    with study.deciding():  # another process may be at its end too
        return write_outcome(study, choices, console)


def _run_trials(study: Study, console: Console) -> None:
    begun, timeout = time.monotonic(), study.settings.timeout
    while timeout is None or time.monotonic() - begun < timeout:
        with ExitStack() as held:
            trial = study.begin(held)
            if trial is None:
                return
            values = ", ".join(f"{key}={shown_value(v)}" for key, v in trial.params.items())
            console.print(f"[bold]trial {trial.number}[/bold]: {values}")
            _run(study, trial, console)
    console.print(f"{timeout:g} seconds are over: no further trial is begun.")


def _run(study: Study, trial: Trial, console: Console) -> None:
    try:
        study.optuna.tell(trial, run_trial(trial, study, console))
    except optuna.TrialPruned:
        study.optuna.tell(trial, state=TrialState.PRUNED)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        trial.set_user_attr(REASON, str(error))
        study.optuna.tell(trial, state=TrialState.FAIL)
        if not isinstance(error, TrainingError):  # nothing of the trial's own: the study ends
            raise
        console.print(f"trial {trial.number} failed: {error}", markup=False)
        return
    ended = frozen(trial)
    epoch, value = study.best_epoch(ended)
    pruned = f"pruned after epoch {ended.last_step}, " if ended.state == TrialState.PRUNED else ""
    score = f"{study.settings.objective} {format_score(value, decimals=4)}"
    console.print(f"trial {trial.number}: {pruned}{score} in epoch {epoch}")
