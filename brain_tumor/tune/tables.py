"""A study of hyperparameters: its trials as tables and as a page of Markdown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brain_tumor.rendering.foreign_text import markdown_text
from brain_tumor.rendering.numbers import UNKNOWN, format_counted, format_score
from brain_tumor.rendering.page import DataTable, to_markdown

FINISHED, PRUNED, FAILED, RUNNING = "finished", "pruned", "failed", "running"
STOPPED = "stopped"


@dataclass(frozen=True)
class StudyTrial:
    """A trial of a study.

    Attributes:
        number: From 0, in the order in which they were begun.
        state: `finished`; `pruned`, stopped early by rule; `failed`; `running`; or `stopped`, from
            outside, in which case another trial goes on with it.
        value: The objective at its best epoch; None where there is none.
        best_epoch: That epoch, from 1.
        epochs: Epochs trained; None where it is not known.
        seconds: How long they took.
        values: What was tried, by dotted key.
        run: Name of its run folder below the study's.
        reason: Why it failed.
    """

    number: int
    state: str
    value: float | None
    best_epoch: int | None
    epochs: int | None
    seconds: float | None
    values: Mapping[str, Any]
    run: str
    reason: str = ""


def shown_value(value: Any) -> str:
    """Write a tried value: numbers to three figures, words as they are.

    >>> shown_value(0.00031234), shown_value(64), shown_value(None)
    ('0.000312', '64', 'null')
    """
    if isinstance(value, float):
        return f"{value:.3g}"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def trial_table(trials: Sequence[StudyTrial], objective: str) -> DataTable:
    """Lay out all trials.

    Args:
        trials: By number.
        objective: Name of the score by which they are chosen.
    """
    keys = list(dict.fromkeys(key for trial in trials for key in trial.values))
    names = _short(keys)
    rows = [
        [
            str(trial.number),
            trial.state,
            *(shown_value(trial.values[key]) if key in trial.values else UNKNOWN for key in keys),
            format_score(trial.value, decimals=4),
            f"{trial.best_epoch or UNKNOWN} of {trial.epochs or UNKNOWN}",
            UNKNOWN if trial.seconds is None else f"{trial.seconds:,.0f}",
        ]
        for trial in trials
    ]
    columns = ["trial", "state", *names, "score", "epoch", "seconds"]
    title = f"trials: {objective} at the best epoch"
    return DataTable(title, columns, rows, text_columns=2)


def _short(keys: Sequence[str]) -> list[str]:
    """Leave the last part of each dotted key, where that tells them apart."""
    last = [key.rpartition(".")[2] for key in keys]
    return [name if last.count(name) == 1 else key for key, name in zip(keys, last, strict=True)]


def importance_table(importance: Mapping[str, float]) -> DataTable:
    """Lay out how much of the variation of the objective each value explains.

    Args:
        importance: Share of each dotted key, in [0, 1].
    """
    rows = [[key, f"{share:.2f}"] for key, share in importance.items()]
    return DataTable("importance", ["value", "share of the variation"], rows)


def trial_counts(trials: Sequence[StudyTrial]) -> str:
    """Say how many trials there are, and what became of them.

    Trials that were stopped are not counted: another went on with each.
    """
    states = Counter(trial.state for trial in trials if trial.state != STOPPED)
    parts = ", ".join(f"{number} {state}" for state, number in states.items())
    total = format_counted(sum(states.values()), "trial")
    return f"{total}: {parts}" if parts else total


def chosen_sentence(best: StudyTrial, objective: str, epochs: int) -> str:
    """Say which trial is the best, and what its score is worth.

    Args:
        best: The best trial.
        objective: Name of the score.
        epochs: Epochs configured.
    """
    value = format_score(best.value, decimals=4)
    return f"trial {best.number}, {objective} {value} in epoch {best.best_epoch} of {epochs}"


def study_markdown(
    name: str,
    trials: Sequence[StudyTrial],
    importance: Mapping[str, float],
    objective: str,
    best: str,
    command: str,
    figure: str | None,
) -> str:
    """Write the page of a study.

    Args:
        name: Its name.
        trials: By number.
        importance: Share of each value; empty where there are too few trials to tell.
        objective: Name of the score by which trials are chosen.
        best: The sentence about the best trial; empty where there is none.
        command: What trains it.
        figure: Path of the figure, relative to the page; None where there is none.
    """
    blocks = [f"# Study {markdown_text(name)}", f"{trial_counts(trials)}."]
    if best:
        blocks += [
            f"Best: {markdown_text(best)}.",
            "The score is that of validation scans, which chose the trial and its epoch, and so it "
            "is too good by some. The test part was not scored. This trains the best values again "
            "and scores them:",
            f"```\n{command}\n```",
        ]
    blocks.append(to_markdown(trial_table(trials, objective)))
    failed = [
        f"- trial {trial.number}: {markdown_text(trial.reason)}" for trial in trials if trial.reason
    ]
    if failed:
        blocks += ["Failed:", "\n".join(failed)]
    if importance:
        blocks += [
            to_markdown(importance_table(importance)),
            "By functional analysis of variance (Hutter et al. 2014, ICML) over the finished "
            "trials; with few trials it is rough.",
        ]
    if figure:
        blocks.append(f"![The objective over the trials and by each value]({figure})")
    return "\n\n".join(blocks) + "\n"
