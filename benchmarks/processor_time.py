"""Processor time of a process and its children, from outside. The standard library alone."""

import contextlib
import os
from pathlib import Path

from benchmarks.memory import with_children

_USED = slice(11, 15)  # of /proc/PID/stat behind the name: its own time, and of children that ended


def processor_seconds(process: int) -> float | None:
    """Give what a process and all below it have used so far; Linux alone tells.

    Unlike the seconds of a clock they hardly grow while other work takes the processor.
    """
    ticks = 0
    for number in with_children(process):
        with contextlib.suppress(OSError):  # it may end while we look
            text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
            ticks += sum(map(int, text.rpartition(")")[2].split()[_USED]))
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else None
