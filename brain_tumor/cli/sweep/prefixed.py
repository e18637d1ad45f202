"""Lines of a job that shares its terminal with others."""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import TextIO


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
