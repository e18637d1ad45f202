"""What a check found."""

from dataclasses import dataclass
from enum import Enum


class Mark(Enum):
    """How bad it is; the value is what is printed, so that no colour is needed."""

    OK = "ok"
    WARNING = "warning"  # a run works, but slower, later, or not as one would expect
    BROKEN = "broken"  # a run would fail


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        mark: How bad it is.
        about: What was looked at, in a word or two.
        found: What was seen.
        remedy: What to do; empty where nothing has to be done.
    """

    mark: Mark
    about: str
    found: str
    remedy: str = ""

    def lines(self) -> str:
        """Lay it out: what was found, and the remedy in a line below.

        Example:
            >>> print(Finding(Mark.WARNING, "threads", "1 of 8 cores", "unset X").lines())
            warning  threads         1 of 8 cores
                                     -> unset X
        """
        first = f"{self.mark.value:<8} {self.about:<15} {_one_line(self.found)}"
        return f"{first}\n{'':<24} -> {_one_line(self.remedy)}" if self.remedy else first


def ok(about: str, found: str) -> Finding:
    """Make a finding that asks for nothing."""
    return Finding(Mark.OK, about, found)


def warning(about: str, found: str, remedy: str) -> Finding:
    """Make a finding that a run survives."""
    return Finding(Mark.WARNING, about, found, remedy)


def broken(about: str, found: str, remedy: str) -> Finding:
    """Make a finding that a run does not survive."""
    return Finding(Mark.BROKEN, about, found, remedy)


def _one_line(text: str) -> str:
    return " ".join(text.split())
