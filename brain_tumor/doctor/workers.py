"""Loader processes, where some are asked for."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from brain_tumor.doctor.finding import Finding, broken, ok, warning
from brain_tumor.doctor.machine import Machine

SHARED = Path("/dev/shm")
AHEAD = 2  # batches that torch lets each worker make in advance


def workers(machine: Machine) -> Iterator[Finding]:
    """Start the processes and wait for batches."""
    asked = machine.config.workers
    if not asked:
        yield ok("workers", "none: batches are cut in the training process (workers=1 tries one)")
        return
    error = machine.loader.error("batches")
    if error:
        yield broken(
            "workers", f"no batch came from {asked} loader processes: {error}", "data.num_workers=0"
        )
    elif not machine.loader.steps["batches"]["whole"]:
        yield broken("workers", "batches came back with other scans", "data.num_workers=0")
    else:
        seconds = machine.loader.steps["batches"]["seconds"]
        yield ok("workers", f"{asked} started and served batches within {seconds:.1f} s")


def shared_memory(machine: Machine) -> Iterator[Finding]:
    """See whether batches fit the memory through which loader processes hand them over."""
    asked = machine.config.workers
    if not asked or not SHARED.is_dir():
        return
    side = int(machine.config.data.crop.size)
    needed = asked * AHEAD * int(machine.config.data.batch_size) * side * side
    free = shutil.disk_usage(SHARED).free
    told = f"{SHARED} has {free / 2**20:,.0f} MiB free, {asked} workers want {needed / 2**20:,.0f}"
    if free < needed:
        yield warning("shared memory", told, "docker run --shm-size=1g, or data.num_workers=0")
    else:
        yield ok("shared memory", told)
