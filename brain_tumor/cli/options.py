"""Hydra's options, the words that begin with a dash: they may stand anywhere, and are known."""

from collections.abc import Sequence
from itertools import pairwise

from brain_tumor.errors import ConfigError

# Hydra's parser takes all values on one side of these; those in the second tuple take a word.
_ALONE = (
    *("-m", "--multirun", "-h", "--help", "--help-all", "--hydra-help", "--version", "--resolve"),
    *("-r", "--run", "-sc", "--shell-completion"),
)
_WITH_A_WORD = (
    *("-cd", "--config-dir", "-cp", "--config-path", "-cn", "--config-name", "-c", "--cfg"),
    *("-p", "--package", "--experimental-rerun"),
)
_MAY_HAVE_A_WORD = ("-i", "--info")  # so it stays where it is


def options_first(words: Sequence[str]) -> list[str]:
    """Put Hydra's options before the values, as its parser needs them; the order stays otherwise.

    Example:
        >>> options_first(["seed=0,1", "--config-dir", "my_conf", "lr=1e-3", "-m"])
        ['--config-dir', 'my_conf', '-m', 'seed=0,1', 'lr=1e-3']
    """
    options, values = [], []
    left = list(words)
    while left:
        word = left.pop(0)
        if word in _WITH_A_WORD:
            options += [word, *left[:1]]
            del left[:1]
        elif word in _ALONE or word.partition("=")[0] in _WITH_A_WORD:
            options.append(word)
        else:
            values.append(word)
    return options + values


def check_options(words: Sequence[str], command: str) -> None:
    """Raise a ConfigError for an option that Hydra does not have, such as `--epochs 3`."""
    for word, after in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        known = (*_ALONE, *_WITH_A_WORD, *_MAY_HAVE_A_WORD)
        if not name.startswith("-") or name in known:
            continue
        if not equals:
            is_value = after and "=" not in after and not after.startswith("-")
            value = after if is_value else "VALUE"
        key = name.lstrip("-").replace("-", "_") or "key"
        raise ConfigError(
            f"{name} is no option of {command}: values have no dashes and a =, write {key}={value}"
        )
