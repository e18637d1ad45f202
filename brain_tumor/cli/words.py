"""The words of a command line: short ones that stand for values, `~`, and what `--help` lists."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

from brain_tumor.config.conf_folder import conf_folder

_TRAINING = {
    "lr": "optimizer.lr",
    "epochs": "trainer.max_epochs",
    "batch_size": "data.batch_size",
    "device": "trainer.accelerator",
}
_SCORING = {"device": "accelerator"}

# By command. `seed`, and `batch_size` elsewhere, are values of their own and need no alias.
ALIASES = {
    **dict.fromkeys(("train", "tune", "doctor"), _TRAINING),
    **dict.fromkeys(("evaluate", "predict", "app"), _SCORING),
}
WIDTH = 76  # characters of a line
WHOLE = "hydra.help.template='${hydra.help.header}\n\n${hydra.help.footer}'"


def expand(command: str, words: Sequence[str]) -> list[str]:
    """Write what was typed with the whole keys; other words stay as they are.

    Example:
        >>> expand("train", ["model=gbmnet", "lr=1e-3,1e-4", "-m"])
        ['model=gbmnet', 'optimizer.lr=1e-3,1e-4', '-m']
    """
    known = ALIASES.get(command, {})
    parted = (word.partition("=") for word in words)
    return [
        f"{known.get(key, key) if equals else key}{equals}{rest}" for key, equals, rest in parted
    ]


def expanded(word: str) -> str:
    """Put the home folder for a ~ at the begin of a value, which shells do not do there.

    Example:
        >>> expanded("data.root=~") == f"data.root={Path.home()}", expanded("seed=1")
        (True, 'seed=1')
    """
    key, equals, value = word.partition("=")
    if value != "~" and not value.startswith("~/"):
        return word
    return f"{key}{equals}{Path(value).expanduser()}"


def choices(*groups: str) -> str:
    """List what can be chosen of groups of the configuration, a line or more for each."""
    lines = []
    indent = max(12, *(len(group) + 2 for group in groups))  # what stands before the choices
    for group in groups:
        names = sorted(path.stem for path in (conf_folder() / group).glob("*.yaml"))
        first, *more = wrap(", ".join(names), WIDTH - indent - 2)
        lines += [f"{group:<{indent}}{first}", *(" " * indent + line for line in more)]
    return "\n  ".join(lines)


def whole_help(words: Sequence[str]) -> list[str]:
    """Put what Hydra understands for `--help-all`.

    Example:
        >>> whole_help(["seed=1"]), whole_help(["--help-all"])[0]
        (['seed=1'], '--help')
    """
    if "--help-all" not in words:
        return list(words)
    return ["--help", *(word for word in words if word not in ("--help", "--help-all")), WHOLE]
