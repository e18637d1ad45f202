"""Ctrl-C while Lightning is at work."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keyboard_interrupts(what_stays: str) -> Iterator[None]:
    """Give back the KeyboardInterrupt of which Lightning's loops make a silent exit.

    Args:
        what_stays: What the user keeps, for the message.

    Raises:
        KeyboardInterrupt: Ctrl-C came while the loop ran.
    """
    try:
        yield
    except SystemExit as ended:
        if isinstance(ended.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt(what_stays) from None
        raise
