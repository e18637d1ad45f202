"""Hydra's options, the words that begin with a dash: they may stand anywhere, and are known."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from hydra._internal.utils import get_args_parser

from brain_tumor.errors import ConfigError

OURS = "--help-all"
CONFIG_DIR = ("--config-dir", "-cd")  # of a folder of the user's own configuration


@cache
def _words_after() -> dict[str, int | str | None]:
    """Hydra's options, and what follows each as argparse has it: None for a word, 0 for nothing."""
    actions = get_args_parser()._actions
    return {OURS: 0} | {name: one.nargs for one in actions for name in one.option_strings}


def options_first(words: Sequence[str]) -> list[str]:
    """Put Hydra's options before the values: its parser takes all values on one side of each.

    The order stays otherwise.

    Example:
        >>> options_first(["seed=0,1", "--config-dir", "my_conf", "lr=1e-3", "-m"])
        ['--config-dir', 'my_conf', '-m', 'seed=0,1', 'lr=1e-3']
    """
    options, values = [], []
    left = list(words)
    while left:
        word = left.pop(0)
        name, equals, _ = word.partition("=")
        after = _words_after().get(name, "?")  # with one that may have a word it stays in its place
        if after == 0 or (after is None and equals):
            options.append(word)
        elif after is None:
            options += [word, *left[:1]]
            del left[:1]
        else:
            values.append(word)
    return options + values


def typed_folders(words: Sequence[str]) -> list[Path]:
    """Give the folders that were typed as `--config-dir`, if they are there.

    Example:
        >>> typed_folders(["-m", "--config-dir=.", "seed=0"])
        [PosixPath('.')]
    """
    found = []
    for word, after in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        place = value if equals else after
        if name in CONFIG_DIR and place:
            found.append(Path(place).expanduser())
    return [folder for folder in found if folder.is_dir()]


def check_options(words: Sequence[str], command: str) -> None:
    """Raise a ConfigError for an option that Hydra does not have, such as `--epochs 3`."""
    for word, after in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        if not name.startswith("-") or name in _words_after():
            continue
        if not equals:
            is_value = after and "=" not in after and not after.startswith("-")
            value = after if is_value else "VALUE"
        key = name.lstrip("-").replace("-", "_") or "key"
        raise ConfigError(
            f"{name} is no option of {command}: values have no dashes and a =, write {key}={value}"
        )
