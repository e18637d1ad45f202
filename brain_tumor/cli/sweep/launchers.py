"""What runs the jobs of a sweep, where that is not Hydra alone in this process, and their lines."""

import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TextIO

from brain_tumor.errors import ConfigError

# Choice of hydra/launcher -> the module it needs, and our extra that brings it.
NEEDS = {
    "joblib": ("hydra_joblib_launcher", "sweep"),
    "slurm": ("hydra_submitit_launcher", "slurm"),
    "submitit_slurm": ("hydra_submitit_launcher", "slurm"),
    "submitit_local": ("hydra_submitit_launcher", "slurm"),
}


def check_launcher(words: Sequence[str]) -> None:
    """Refuse a launcher that is not installed, before Hydra says that it knows no such thing.

    A sweeper that waits for a score of each job is refused, too: `tune` has that to itself.
    """
    for word in words:
        key, _, choice = word.partition("=")
        if key == "hydra/sweeper" and choice != "basic":
            raise ConfigError(
                f"{word} is not used here: python -m brain_tumor.tune searches hyperparameters by "
                "validation scores."
            )
        if key != "hydra/launcher" or choice not in NEEDS:
            continue
        module, extra = NEEDS[choice]
        if find_spec("hydra_plugins") is None or find_spec(f"hydra_plugins.{module}") is None:
            raise ConfigError(
                f"hydra/launcher={choice} needs another package: pip install 'brain-tumor[{extra}]'"
            )


class PrefixedLines(io.TextIOBase):
    """Passes on whole lines, each with a prefix, so that lines of several processes stay whole."""

    def __init__(self, beyond: TextIO, prefix: str) -> None:
        self._beyond, self._prefix, self._begun = beyond, prefix, ""

    def write(self, text: str) -> int:
        """Take text; what follows the last line break waits for the next one."""
        *lines, self._begun = (self._begun + text).split("\n")
        if lines:
            self._beyond.write("".join(f"{self._prefix}{line}\n" for line in lines))
            self._beyond.flush()
        return len(text)

    def isatty(self) -> bool:
        """Tell that this is no terminal: bars would write over each other's lines."""
        return False


@contextlib.contextmanager
def prefixed(prefix: str) -> Iterator[None]:
    """Put a prefix in front of every line that is printed."""
    lines = PrefixedLines(sys.stdout, prefix)
    with contextlib.redirect_stdout(lines):
        try:
            yield
        finally:
            if lines._begun:
                lines.write("\n")
