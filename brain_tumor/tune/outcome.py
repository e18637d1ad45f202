"""What a study leaves: its trials as tables, the figure, and the best as an experiment."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.runs.folder import RunFolder
from brain_tumor.tune.best import EXPERIMENT, Choices, best_command, best_experiment
from brain_tumor.tune.figure import study_figure
from brain_tumor.tune.ledger import RUN, Ledger
from brain_tumor.tune.settings import StudySettings
from brain_tumor.tune.tables import (
    FAILED,
    FINISHED,
    PRUNED,
    RUNNING,
    STOPPED,
    StudyTrial,
    chosen_sentence,
    study_markdown,
    trial_counts,
)
from brain_tumor.tune.trial import trial_config

# With fewer finished trials the forest behind the importance learns their noise.
LEAST_TRIALS = 10
_STATES = {
    TrialState.COMPLETE: FINISHED,
    TrialState.PRUNED: PRUNED,
    TrialState.FAIL: FAILED,
    TrialState.RUNNING: RUNNING,
}


@dataclass(frozen=True)
class StudyOutcome:
    """What a study found so far.

    Attributes:
        trials: All that were begun, by number.
        best: The best of those that finished; None where none did.
        importance: Share of the variation that each value explains; empty with few trials.
    """

    trials: Sequence[StudyTrial]
    best: StudyTrial | None
    importance: dict[str, float]


def study_outcome(ledger: Ledger) -> StudyOutcome:
    """Read what a study found so far."""
    stopped = ledger.stopped()
    begun = [trial for trial in ledger.trials() if trial.state != TrialState.WAITING]
    trials = [_read(trial, trial.number in stopped, ledger.settings) for trial in begun]
    finished = [trial for trial in trials if trial.state == FINISHED and trial.value is not None]
    sign = 1 if ledger.settings.minimised else -1
    best = min(finished, key=lambda t: (sign * (t.value or 0.0), t.number), default=None)
    return StudyOutcome(trials, best, _importance(ledger.study, len(finished)))


def write_outcome(ledger: Ledger, outcome: StudyOutcome, choices: Choices, displayed: str) -> None:
    """Write `trials.csv`, `study.md`, the figure, and the best trial as an experiment.

    Args:
        ledger: The study.
        outcome: What it found.
        choices: What was chosen of each group.
        displayed: The study's folder, as a user types it.
    """
    settings = ledger.settings
    folder, trials, best = RunFolder(settings.folder), outcome.trials, outcome.best
    keys = list(settings.space)
    header = ["number", "state", settings.objective, "best_epoch", "epochs", "seconds", "run"]
    folder.write_rows(
        "trials.csv",
        [*header, "reason", *keys],
        [
            [t.number, t.state, t.value, t.best_epoch, t.epochs, t.seconds, t.run, t.reason]
            + [json.dumps(t.values[key]) if key in t.values else "" for key in keys]
            for t in trials
        ],
    )
    figure = None
    if any(t.state in (FINISHED, PRUNED) for t in trials):
        logarithmic = {key for key, how in settings.space.items() if getattr(how, "log", False)}
        drawn = study_figure(
            trials, settings.objective, settings.minimised, logarithmic, f"Study {settings.name}"
        )
        save_figure(drawn, folder.write_figure, "study")
        figure = "figures/study.png"
    command = best_command(displayed)
    sentence = best_sentence(settings, best) if best else ""
    page = study_markdown(
        settings.name, trials, outcome.importance, settings.objective, sentence, command, figure
    )
    folder.write("study.md", page.encode())
    if best:
        config = trial_config(settings.training, dict(best.values), folder)
        split = settings.run.split
        fold = f", fold {split.fold} of {split.folds}" if split.fold is not None else ""
        said = (
            f"Chosen by the study {settings.name} ({trial_counts(trials)}):\n"
            f"{sentence},\n"
            f"on the validation part of split={split.name}{fold}. No test scan was scored.\n"
            f"  {command}"
        )
        folder.write(EXPERIMENT.as_posix(), best_experiment(config, choices, said).encode())


def best_sentence(settings: StudySettings, best: StudyTrial) -> str:
    """Say which trial is the best."""
    epochs = best.values.get("trainer.max_epochs", settings.training.trainer.max_epochs)
    return chosen_sentence(best, settings.objective, epochs)


def _read(trial: FrozenTrial, stopped: bool, settings: StudySettings) -> StudyTrial:
    attributes: dict[str, Any] = trial.user_attrs
    return StudyTrial(
        number=trial.number,
        state=STOPPED if stopped else _STATES[trial.state],
        value=attributes.get("value"),
        best_epoch=attributes.get("best_epoch"),
        epochs=attributes.get("epochs", max(trial.intermediate_values, default=None)),
        seconds=attributes.get("seconds"),
        values={key: trial.params[key] for key in settings.space if key in trial.params},
        run=str(attributes.get(RUN, "")),
        reason=str(attributes.get("reason", "")),
    )


def _importance(study: optuna.Study, finished: int) -> dict[str, float]:
    if finished < LEAST_TRIALS:
        return {}
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len({trial.value for trial in complete}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
