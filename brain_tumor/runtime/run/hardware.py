"""The machine as its operating system describes it."""

import contextlib
import os
import platform
from pathlib import Path


def processor() -> str:
    """Give the processor's name, or its architecture where the system tells no more."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def physical_memory() -> int | None:
    """Give the machine's memory in bytes; None where it does not tell."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None
