"""Errors a user can cause. Each message is one sentence: what is wrong, where, what to do."""

import difflib
from collections.abc import Iterable


class BrainTumorError(Exception):
    """Root of the errors that a command prints as one sentence, without a traceback."""


class DataError(BrainTumorError):
    """Scans, a prepared set or a split are missing, damaged or not what was asked for."""


class ScansGoneError(DataError):
    """The scans that a run was trained on are not there, or others are in their place."""


class ConfigError(BrainTumorError):
    """A configured value is of the wrong kind or outside its range."""


class WeightsError(BrainTumorError):
    """Pretrained weights or a checkpoint cannot be found, read or fitted to the network."""


class TrainingError(BrainTumorError):
    """Training cannot go on, for instance because the loss is no longer a number."""


def suggest(name: str, known: Iterable[str], limit: int = 12) -> str:
    """Say what was probably meant of what is known, or list up to `limit` choices.

    Example:
        >>> suggest("gbmnt", ["gbmnet", "mobilenetv2"])
        'did you mean gbmnet?'
        >>> suggest("resnet", ["gbmnet", "mobilenetv2"])
        'choose one of gbmnet, mobilenetv2.'
    """
    choices = sorted(set(known))
    near = nearest(name, choices)
    if near is not None:
        return f"did you mean {near}?"
    if 0 < len(choices) <= limit:
        return f"choose one of {', '.join(choices)}."
    return "see --help for what there is."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give what was probably meant of what is known; None where nothing is near."""
    return next(iter(difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.66)), None)


def one_line(error: Exception) -> str:
    """Give an error's text on one line, or its kind where it has none."""
    return " ".join(str(error).split()) or type(error).__name__
