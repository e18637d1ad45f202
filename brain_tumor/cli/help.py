"""`--help` fits one screen; `--help-all` goes on with every group and every value."""

from collections.abc import Sequence
from textwrap import wrap

from brain_tumor.config.conf_folder import conf_folder

WIDTH = 76  # characters of a line
WHOLE = "hydra.help.template='${hydra.help.header}\n\n${hydra.help.footer}'"


def choices(*groups: str) -> str:
    """List what can be chosen of groups of the configuration, a line or more for each.

    Args:
        groups: Folders of `conf/`.
    """
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
