"""Ctrl-C, and the signal by which a cluster or a shell ends a process."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM came: ends what is done as Ctrl-C does."""


def handle_sigterm() -> None:
    """Let SIGTERM raise `Terminated` in the main thread, wherever it is."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what is open is being closed
    raise Terminated


@contextmanager
def keyboard_interrupts(what_stays: str) -> Iterator[None]:
    """Give back the KeyboardInterrupt of which Lightning's loops make a silent exit.

    Raises:
        KeyboardInterrupt: Ctrl-C came while the loop ran, `Terminated` where SIGTERM did; its text
            is `what_stays`, which says what the user keeps.
    """
    try:
        yield
    except SystemExit as ended:
        if isinstance(ended.__context__, KeyboardInterrupt):
            raise type(ended.__context__)(what_stays) from None
        raise
