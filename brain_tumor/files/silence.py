"""Keep the libraries that read files from printing: a file's reason is what a user is told."""

import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import cv2

_LOGGERS = ("PIL", "pydicom", "nibabel")  # each with the loggers below it
_STDERR = 2  # where libpng and libjpeg write, whatever Python's own sys.stderr is

_lock = threading.Lock()
_inside = 0
_until_the_last = ExitStack()


@contextmanager
def silent() -> Iterator[None]:
    """Hold warnings, logs and the C libraries' standard error back; threads may overlap.

    What another thread writes to standard error meanwhile is lost too, so hold it for a few scans
    at a time.
    """
    global _inside
    with _lock:
        if not _inside:
            _until_the_last.enter_context(_quiet())
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _until_the_last.close()


@contextmanager
def _quiet() -> Iterator[None]:
    level = cv2.utils.logging.getLogLevel()
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), _no_standard_error():
        warnings.filterwarnings("ignore", module=r"(PIL|pydicom|nibabel|numpy)\.")
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            cv2.utils.logging.setLogLevel(level)
            for logger, before in zip(loggers, levels, strict=True):
                logger.setLevel(before)


@contextmanager
def _no_standard_error() -> Iterator[None]:
    try:
        held = os.dup(_STDERR)
    except OSError:  # it is closed
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR)
        os.close(nowhere)
        yield
    finally:
        os.dup2(held, _STDERR)
        os.close(held)
