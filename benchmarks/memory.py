"""Memory of a process and its children. The standard library alone: peers are measured by it too.

Two measures. *Resident* memory counts pages of mapped files, which the kernel takes back whenever
it needs them; *anonymous* memory is what only the process itself can give back.
"""

import contextlib
import threading
import time
from pathlib import Path

from brain_tumor.runs.peak_memory import kilobytes

EVERY = 0.05  # seconds between two looks
BESIDE = 100  # a look takes no more than one part in so many of the time


def anonymous(process: int) -> int | None:
    """Give the anonymous memory of a process and all below it now, in bytes; Linux alone tells.

    Pages that a loader worker shares with the process it was forked from count once.
    """
    processes = with_children(process)
    if len(processes) == 1:
        return kilobytes(process, "status", "RssAnon:")
    # Every sharer's part of a page: dear to find out, so not where nobody shares.
    parts = [kilobytes(number, "smaps_rollup", "Pss_Anon:") for number in processes]
    return sum(part or 0 for part in parts) or None


def with_children(process: int) -> list[int]:
    """Give the numbers of a process and of all below it; Linux alone tells of these."""
    found, waiting = [], [process]
    while waiting:
        found.append(waiting.pop())
        with contextlib.suppress(OSError):  # it may end while we look
            for children in Path(f"/proc/{found[-1]}/task").glob("*/children"):
                waiting += map(int, children.read_text().split())
    return found


class AnonymousPeak:
    """Watches the anonymous memory of a process from outside, as long as it is entered.

    Args:
        process: Its number.
    """

    def __init__(self, process: int) -> None:
        self.process = process
        self.peak: int | None = None
        self._over = threading.Event()

    def __enter__(self) -> "AnonymousPeak":
        self._over.clear()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        pause, over = 0.0, False
        while not over:
            # Also once at the end: what is held then cannot be missed, however busy the machine.
            over = self._over.wait(pause)
            begun = time.perf_counter()
            now = anonymous(self.process)
            if now is not None:
                self.peak = max(now, self.peak or 0)
            pause = max(EVERY, BESIDE * (time.perf_counter() - begun))
