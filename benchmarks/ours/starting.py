"""How long a command takes to answer."""

import subprocess
import sys
import time
from typing import Any

from benchmarks.turns import Turns


def help_text(job: dict[str, Any], turns: Turns) -> None:
    """Run `python -m brain_tumor.train --help` once per turn.

    Args:
        job: Nothing is taken from it.
        turns: Tell when.
    """
    while turns.wait():
        begun = time.perf_counter()
        command = [sys.executable, "-m", "brain_tumor.train", "--help"]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        turns.done(time.perf_counter() - begun, None)
