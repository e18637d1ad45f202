"""How a command ends that does not succeed: in one sentence wherever the user can fix it."""

import errno
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from hydra.core.hydra_config import HydraConfig
from omegaconf.errors import OmegaConfBaseException

from brain_tumor.config.values import sentence
from brain_tumor.engine.interrupt import Terminated
from brain_tumor.errors import BrainTumorError, one_line
from brain_tumor.rendering.foreign_text import visible

# What the system says of a full disk, and of a user who has had his share of it.
FULL = (errno.ENOSPC, errno.EDQUOT)


def user_message(error: Exception) -> str | None:
    """Say in one sentence what a user can fix; None where an error is a fault of the program."""
    if isinstance(error, OmegaConfBaseException):
        return sentence(error)
    if isinstance(error, BrainTumorError):
        return visible(one_line(error))  # may name files and classes of others
    if isinstance(error, OSError) and error.errno in FULL:
        place = error.filename or HydraConfig.get().runtime.output_dir
        return (
            f"{place} cannot be written ({error.strerror}): free some space there, then run this "
            "again, or train with resume=FOLDER."
        )
    return None


def end_with(words: str, process: int = 0) -> NoReturn:
    """Say on stderr what was wrong, naming one of several processes, and exit with status 2."""
    who = f"brain_tumor, process {process}" if process else "brain_tumor"
    print(f"{who}: {words}", file=sys.stderr)
    raise SystemExit(2) from None


@contextmanager
def ended_in_one_sentence(tracebacks: bool, process: int = 0) -> Iterator[None]:
    """Turn errors that a user can fix, and interrupts, into their sentence and exit status.

    Unless tracebacks are asked for. Of several processes the first alone tells that it was
    interrupted.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        what_stays = f"; {interrupt}" if str(interrupt) else ""
        by, status = "the keyboard", 128 + signal.SIGINT
        if isinstance(interrupt, Terminated):
            by, status = "SIGTERM", 128 + signal.SIGTERM
        if not process:
            print(f"brain_tumor: stopped by {by}{what_stays}.", file=sys.stderr)
        raise SystemExit(int(status)) from None
    except Exception as error:
        words = user_message(error)
        if words is None or tracebacks:
            raise
        end_with(words, process)
