"""The process of one side: `python -m benchmarks.worker`, told by its parent.

Imports the standard library and the side alone, so that a peer's memory is the peer's.
"""

import importlib
import json
import os
import sys
from typing import TextIO

from benchmarks.turns import Turns
from brain_tumor.runs.peak_memory import peak_resident


def main() -> None:
    """Read the job, do it whenever told, and tell the peak memory at the end."""
    replies = _private_stdout()
    turns = Turns(sys.stdin, replies)
    job = json.loads(sys.stdin.readline())
    try:
        if job["keep_freed_memory"]:
            allocator = importlib.import_module("brain_tumor.engine.allocator")
            allocator.keep_freed_memory()  # before the side imports torch
        side = importlib.import_module(f"benchmarks.{job['side']}")
        _limit_threads(job["threads"])
        getattr(side, job["work"])(job, turns)
    except Exception as error:
        turns.tell({"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"})
    else:
        turns.tell({"peak_resident": peak_resident()})


def _private_stdout() -> TextIO:
    """Keep standard output for replies; what the side prints goes to standard error."""
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "w", encoding="utf-8")


def _limit_threads(threads: int | None) -> None:
    if threads is None:
        return
    # Whichever of them the side has imported; OMP_NUM_THREADS in our environment says the same.
    for name, limit in (("torch", "set_num_threads"), ("cv2", "setNumThreads")):
        if name in sys.modules:
            getattr(sys.modules[name], limit)(threads)


if __name__ == "__main__":
    main()
