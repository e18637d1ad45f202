"""What libraries tell of their own work while they export, left out."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def hushed(*names: str) -> Iterator[None]:
    """Let no logger of these names speak, and nobody warn, for a while.

    What goes wrong is raised, and told in our own words.
    """
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            logger = logging.getLogger(name)
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL)
        yield
