"""A finding: mark, sentence, fix."""

from dataclasses import dataclass
from textwrap import fill
from typing import Literal, get_args

WIDTH = 80  # characters of a line

# note: training runs, but something is worth knowing. wrong: it fails, or must not be started.
Mark = Literal["ok", "note", "wrong"]
MARKS: tuple[Mark, ...] = get_args(Mark)


@dataclass(frozen=True)
class Finding:
    """One finding of a check; `fix` is a shell command, or what to add to the command.

    Example:
        >>> print(Finding("wrong", "scans", "There is no folder x.", "add data.root=FOLDER"))
        wrong  scans        There is no folder x.
                            fix: add data.root=FOLDER
    """

    mark: Mark
    topic: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        first = f"{self.mark:<6} {self.topic:<12} "
        said = fill(
            " ".join(self.message.split()),
            WIDTH,
            initial_indent=f"{first:<20}",
            subsequent_indent=" " * 20,
            break_long_words=False,  # such as a path
            break_on_hyphens=False,
        )
        return f"{said}\n{'':<19} fix: {self.fix}" if self.fix else said
