"""A study from its configuration: trials until there are enough, then what they tell."""

import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import optuna
from omegaconf import DictConfig
from optuna.trial import Trial, TrialState
from rich.console import Console

from brain_tumor.config.data import build_prepared, build_split
from brain_tumor.data.split import VALIDATION
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import TrainingError
from brain_tumor.rendering.page import to_rich
from brain_tumor.rendering.tables import prepared_table, split_table
from brain_tumor.tune.best import Choices, best_command
from brain_tumor.tune.ledger import Ledger
from brain_tumor.tune.outcome import best_sentence, study_outcome, write_outcome
from brain_tumor.tune.settings import no_validation, study_settings
from brain_tumor.tune.tables import (
    StudyTrial,
    importance_table,
    shown_value,
    trial_counts,
    trial_table,
)
from brain_tumor.tune.trial import run_trial


def tune(config: DictConfig, choices: Choices) -> StudyTrial | None:
    """Begin a study or go on with it, and write what it found.

    Args:
        config: As `conf/tune.yaml` composes it; `study.folder` must be given where Hydra does not
            run.
        choices: What was chosen of each group, as `hydra.runtime.choices` has it.

    Returns:
        The best trial; None where none finished.

    Raises:
        BrainTumorError: Anything that the user can fix.
        KeyboardInterrupt: Ctrl-C or SIGTERM came; what is done stays, and the trial that ran waits
            for the next call.
    """
    hush_lightning()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console = Console(highlight=False, soft_wrap=True)
    settings = study_settings(config)
    prepared = build_prepared(settings.run.data)
    split = build_split(prepared, settings.run.split)
    counts = split.class_counts(prepared.labels, prepared.classes)
    if not sum(counts.get(VALIDATION, {}).values()):
        raise no_validation(settings.run.split.name)
    ledger = Ledger(settings, prepared.fingerprint)
    console.print(to_rich(prepared_table(prepared.summary)))
    console.print(to_rich(split_table(counts)))
    folder, here = settings.folder, Path.cwd()
    folder_shown = str(folder.relative_to(here) if folder.is_relative_to(here) else folder)
    try:
        _run_trials(ledger, console)
    except KeyboardInterrupt as stop:
        _write(ledger, choices, folder_shown)
        raise type(stop)(f"the same command continues the study {folder_shown}") from None
    return _write(ledger, choices, folder_shown, console)


def _run_trials(ledger: Ledger, console: Console) -> None:
    begun, timeout = time.monotonic(), ledger.settings.timeout
    while timeout is None or time.monotonic() - begun < timeout:
        with ExitStack() as held:
            trial = ledger.begin(held)
            if trial is None:
                return
            values = ", ".join(f"{key}={shown_value(v)}" for key, v in trial.params.items())
            console.print(f"[bold]trial {trial.number}[/bold]: {values}")
            _run(ledger, trial, console)
    console.print(f"{timeout:g} seconds are over: no further trial is begun.")


def _run(ledger: Ledger, trial: Trial, console: Console) -> None:
    try:
        outcome = run_trial(trial, ledger.settings, console)
    except KeyboardInterrupt:
        ledger.requeue(trial)
        raise
    except TrainingError as error:
        ledger.end(trial, TrialState.FAIL, more={"reason": str(error)})
        console.print(f"trial {trial.number} failed: {error}", markup=False)
        return
    except BaseException as error:  # nothing of the trial's own: the study ends with it
        ledger.end(trial, TrialState.FAIL, more={"reason": str(error)})
        raise
    attributes = asdict(outcome)
    if attributes.pop("pruned"):
        ledger.end(trial, TrialState.PRUNED, more=attributes)
        ended = f"pruned after epoch {outcome.epochs}, "
    else:
        ledger.end(trial, TrialState.COMPLETE, outcome.value, attributes)
        ended = ""
    console.print(
        f"trial {trial.number}: {ended}{ledger.settings.objective} {outcome.value:.4f} in epoch "
        f"{outcome.best_epoch}"
    )


def _write(
    ledger: Ledger, choices: Choices, folder_shown: str, console: Console | None = None
) -> StudyTrial | None:
    with ledger.deciding():  # another process may be at its end too
        outcome = study_outcome(ledger)
        write_outcome(ledger, outcome, choices, folder_shown)
    if console is None:
        return outcome.best
    console.print(to_rich(trial_table(outcome.trials, ledger.settings.objective)))
    if outcome.importance:
        console.print(to_rich(importance_table(outcome.importance)))
    console.print(f"study:  {folder_shown} ({trial_counts(outcome.trials)})", markup=False)
    if outcome.best is None:
        console.print("best:   no trial finished")
        return None
    console.print(f"best:   {best_sentence(ledger.settings, outcome.best)}")
    console.print(f"next:   {best_command(folder_shown)}", markup=False)
    console.print(f"curves: tensorboard --logdir {folder_shown}", markup=False)
    return outcome.best
