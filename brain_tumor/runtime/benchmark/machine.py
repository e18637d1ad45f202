"""What the numbers were taken on."""

import contextlib
import os
import platform
from pathlib import Path
from typing import Any

import torch


def physical_memory() -> int | None:
    """Give the machine's memory in bytes; None where it does not tell."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def machine_record() -> dict[str, Any]:
    """Tell processor, cores, memory, graphics card, threads of torch, and how busy it was."""
    cuda = torch.cuda.is_available()
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": physical_memory(),
        "card": torch.cuda.get_device_name() if cuda else None,
        "threads": torch.get_num_threads(),
        # Processes that wanted to run, on average over the last minute; ours are among them.
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
