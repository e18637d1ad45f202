"""What a study leaves: its trials as tables, two charts, and the best as an experiment."""

import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import hydra
import matplotlib.pyplot as plt
import optuna
from matplotlib.ticker import NullFormatter
from omegaconf import DictConfig, OmegaConf
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState
from optuna.visualization.matplotlib import plot_optimization_history, plot_slice
from rich.console import Console

from brain_tumor.config.conf_folder import composing
from brain_tumor.engine.quiet import hushed
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.rendering.foreign_text import markdown_text
from brain_tumor.rendering.numbers import UNKNOWN, format_counted, format_score
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.runs.folder import RunFolder
from brain_tumor.trust import typed_again
from brain_tumor.tune.study import REASON, RUN, SECONDS, Study
from brain_tumor.tune.trial import trial_config

# With fewer finished trials the forest behind the importance learns their noise.
LEAST_TRIALS = 10
SHOWN = 20  # trials on the terminal; study.md has all

Choices = Mapping[str, str | None]

EXPERIMENT = Path("experiment", "best.yaml")
# What a recipe is not: where things lie, and how a run is gone on with.
_LEFT_OUT = ("name", "runs", "run_folder", "resume", "allow_changes")


def write_outcome(study: Study, choices: Choices, console: Console) -> FrozenTrial | None:
    """Write `trials.csv`, `study.md`, the charts, and the best trial as an experiment; print them.

    `choices` are Hydra's. Gives the best of the trials that finished, the first of equals.
    """
    trials, folder = study.trials(), RunFolder(study.settings.folder)
    _write_rows(study, trials, folder)
    states = Counter(study.state(trial) for trial in trials)
    parts = ", ".join(f"{number} {state}" for state, number in states.items())
    counts = f"{format_counted(len(trials), 'trial')}: {parts or 'none'}"
    importance = _importance(study.optuna)
    finished = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = min(
        finished, key=lambda t: (study.settings.sign * (t.value or 0.0), t.number), default=None
    )
    for table in (shown_trials(study, trials), *importance):
        console.print(to_rich(table, console.width))
    displayed = str(folder.display_path)
    print_line(console, f"study:  {displayed}")
    console.print(f"        {counts}; all of them in trials.csv and study.md")
    blocks = [f"# Study {markdown_text(study.settings.name)}", f"{counts}."]
    if best:
        _write_charts(study, folder)
        sentence, command = _describe(study, best), best_command(displayed)
        _write_experiment(study, best, choices, f"({counts}):\n{sentence}", command)
        console.print(f"best:   {sentence}")
        print_line(console, f"next:   {command}")
        print_line(console, f"curves: tensorboard --logdir {displayed}")
        blocks += [
            f"Best: {markdown_text(sentence)}.",
            "The score is that of validation scans, which chose the trial and its epoch, and so it "
            "is too good by some. The test part was not scored. This trains the best values again "
            f"and scores them:\n\n```\n{command}\n```",
            "![The objective over the trials](figures/history.png)",
            "![The objective by each value](figures/values.png)",
        ]
    else:
        console.print("best:   no trial finished")
    blocks += map(to_markdown, [trial_table(study, trials), *importance])
    failed = [(trial.number, trial.user_attrs.get(REASON)) for trial in trials]
    blocks += [f"Trial {n} failed: {markdown_text(reason)}" for n, reason in failed if reason]
    folder.write("study.md", ("\n\n".join(blocks) + "\n").encode())
    return best


def print_line(console: Console, text: str) -> None:
    """Print a line that may hold [brackets], as a path does, and is not broken."""
    console.print(text, soft_wrap=True, markup=False)


def _write_rows(study: Study, trials: Sequence[FrozenTrial], folder: RunFolder) -> None:
    keys = list(study.settings.space)
    columns = [study.settings.objective, "best_epoch", "epochs", "seconds", "run", "reason"]
    rows = []
    for trial in trials:
        epoch, value = study.best_epoch(trial)
        told = [trial.user_attrs.get(name) for name in (SECONDS, RUN, REASON)]
        tried = [json.dumps(trial.params[key]) if key in trial.params else "" for key in keys]
        rows.append(
            [trial.number, study.state(trial), value, epoch, trial.last_step, *told, *tried]
        )
    folder.write_rows("trials.csv", ["number", "state", *columns, *keys], rows)


def shown_trials(study: Study, trials: Sequence[FrozenTrial]) -> DataTable:
    """Lay out the best trials, so many as a screen holds."""

    def rank(trial: FrozenTrial) -> tuple[bool, float]:
        _, value = study.best_epoch(trial)
        return value is None, study.settings.sign * (value or 0.0)

    shown = sorted(sorted(trials, key=rank)[:SHOWN], key=lambda trial: trial.number)
    table = trial_table(study, shown)
    if len(shown) == len(trials):
        return table
    return replace(table, note=f"The best {len(shown)} of {len(trials)} trials.")


def trial_table(study: Study, trials: Sequence[FrozenTrial]) -> DataTable:
    """Lay out trials: what became of each, its score at its best epoch, what was tried."""
    keys = list(study.settings.space)
    last = [key.rpartition(".")[2] for key in keys]
    names = [name if last.count(name) == 1 else key for key, name in zip(keys, last, strict=True)]
    rows = []
    for trial in trials:
        epoch, value = study.best_epoch(trial)
        seconds = trial.user_attrs.get(SECONDS)
        tried = [shown_value(trial.params[k]) if k in trial.params else UNKNOWN for k in keys]
        score = format_score(value, decimals=4)
        epochs = f"{epoch or UNKNOWN} of {trial.last_step or UNKNOWN}"
        took = UNKNOWN if seconds is None else f"{seconds:,.0f}"
        rows.append([str(trial.number), study.state(trial), score, epochs, *tried, took])
    columns = ["trial", "state", "score", "epoch", *names, "seconds"]
    title = f"trials: {study.settings.objective} at the best epoch"
    return DataTable(title, columns, rows, text_columns=2)


def shown_value(value: Any) -> str:
    """Write a tried value: numbers to three figures, words as they are.

    >>> shown_value(0.00031234), shown_value(64), shown_value(None)
    ('0.000312', '64', 'null')
    """
    return f"{value:.3g}" if isinstance(value, float) else json.dumps(value).strip('"')


def _describe(study: Study, best: FrozenTrial) -> str:
    epochs = best.params.get("trainer.max_epochs", study.settings.training.trainer.max_epochs)
    epoch, value = study.best_epoch(best)
    score = f"{study.settings.objective} {format_score(value, decimals=4)}"
    return f"trial {best.number}, {score} in epoch {epoch} of {epochs}"


def _write_experiment(
    study: Study, best: FrozenTrial, choices: Choices, why: str, command: str
) -> None:
    settings = study.settings
    folder, split = RunFolder(settings.folder), settings.run.split
    fold = f", fold {split.fold} of {split.folds}" if split.fold is not None else ""
    said = (
        f"Chosen by the study {settings.name} {why},\n"
        f"on the validation part of split={split.name}{fold}. No test scan was scored.\n  {command}"
    )
    config = trial_config(settings.training, best.params, folder)
    folder.write(EXPERIMENT.as_posix(), best_experiment(config, choices, said).encode())


def _write_charts(study: Study, folder: RunFolder) -> None:
    # Both leave their style to all later figures, and their figures open.
    with hushed("matplotlib.category"), plt.rc_context():
        for name, draw in (("history", plot_optimization_history), ("values", plot_slice)):
            draw(study.optuna, target_name=study.settings.objective)
            figure = plt.gcf()
            for axes in figure.axes:  # over less than a power of ten each tick would be named
                axes.xaxis.set_minor_formatter(NullFormatter())
            save_figure(figure, folder.write_figure, name)
            plt.close(figure)


def _importance(study: optuna.Study) -> list[DataTable]:
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < LEAST_TRIALS or len({trial.value for trial in complete}) < 2:
        return []
    with hushed():  # it warns that it is experimental
        shares = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    rows = [[key, f"{share:.2f}"] for key, share in shares.items()]
    note = "By functional analysis of variance (Hutter et al. 2014, ICML): rough with few trials."
    return [DataTable("importance", ["value", "share of the variation"], rows, note)]


def best_experiment(config: DictConfig, choices: Choices, said: str) -> str:
    """Write a trial's configuration as YAML of an experiment: choices of groups, values beside.

    `config` is not resolved, `choices` are Hydra's (`hydra.runtime.choices`), `said` is how it was
    chosen, one or more lines. Composed into `conf/train.yaml` it gives the trial's values, all but
    its name and where it lies.
    """
    with composing():
        default = hydra.compose("train", return_hydra_config=True).hydra.runtime.choices
        chosen = {
            group: "null" if choices[group] is None else str(choices[group])
            for group in reversed(list(choices))
            if group in default and not group.startswith(("hydra/", "experiment", "debug"))
        }
        plain = hydra.compose("train", [f"{group}={name}" for group, name in chosen.items()])
    values = {"name": f"{config.name}_tuned"} | _differences(_plain(plain), _plain(config))
    lines = ["# @package _global_", *(f"# {line}" for line in said.splitlines()), "defaults:"]
    lines += [f"  - override /{group}: {name}" for group, name in chosen.items()]
    return "\n".join(lines) + "\n" + OmegaConf.to_yaml(OmegaConf.create(values))


def best_command(folder: str) -> str:
    """Give the command that trains the best of a study; its folder is given as it is typed."""
    words = f"--config-dir {shlex.quote(folder)} experiment=best{typed_again()}"
    return f"python -m brain_tumor.train {words}"


def _plain(config: DictConfig) -> dict[str, Any]:
    nested = cast(dict[str, Any], OmegaConf.to_container(config, resolve=False))
    return {key: value for key, value in nested.items() if key not in _LEFT_OUT}


def _differences(plain: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Give what has to be said for `plain` to become `own`; null is what `own` lacks."""
    found: dict[str, Any] = {}
    for key in {**own, **plain}:
        before, now = plain.get(key, ...), own.get(key)
        if isinstance(before, dict) and isinstance(now, dict):
            within = _differences(before, now)
            found |= {key: within} if within else {}
        elif before != now:
            found[key] = now
    return found
