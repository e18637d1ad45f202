"""Processor cores, and the threads that torch makes of them."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from brain_tumor.doctor.finding import Finding, ok, warning
from brain_tumor.doctor.machine import Machine

CGROUPS = Path("/sys/fs/cgroup")
VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def threads(machine: Machine) -> Iterator[Finding]:
    """Compare torch's threads with the cores that this process may use."""
    cores = usable_cores()
    limit = cpu_limit()
    allowed = cores if limit is None else min(cores, max(1, round(limit)))
    found = machine.torch.steps.get("torch", {}).get("threads")
    if found is None:
        yield ok("threads", f"{cores} cores")
        return
    named = [f"{name}={os.environ[name]}" for name in VARIABLES if os.environ.get(name)]
    if limit is not None and limit < cores and found > allowed:
        yield warning(
            "threads",
            f"this container may use {limit:g} of {cores} cores, but torch takes {found} threads",
            f"set OMP_NUM_THREADS={allowed}",
        )
    elif found > cores:
        yield warning(
            "threads",
            f"torch takes {found} threads on {cores} cores ({', '.join(named) or 'by itself'})",
            f"set OMP_NUM_THREADS={cores}",
        )
    elif named and found < allowed and found == 1:
        yield warning(
            "threads",
            f"{', '.join(named)}: torch uses 1 of {allowed} cores",
            f"unset {' '.join(name.partition('=')[0] for name in named)}, unless that is meant",
        )
    else:
        yield ok("threads", f"torch takes {found} on {cores} cores")


def usable_cores() -> int:
    """Give how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_limit(groups: Path = CGROUPS) -> float | None:
    """Give how many cores' worth of time the container may take; None where nothing limits it.

    Args:
        groups: Where the kernel shows control groups, version 2 or 1.
    """
    with contextlib.suppress(OSError, ValueError):
        quota, period = (groups / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    with contextlib.suppress(OSError, ValueError):
        taken = int((groups / "cpu/cpu.cfs_quota_us").read_text())
        return None if taken < 0 else taken / int((groups / "cpu/cpu.cfs_period_us").read_text())
    return None
