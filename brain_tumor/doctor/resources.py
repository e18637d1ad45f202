"""Prepared sets, folders, disk space and memory for the configured training."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brain_tumor.doctor.checks import Counts
from brain_tumor.doctor.finding import Finding
from brain_tumor.rendering.numbers import listed

CGROUP = Path("/sys/fs/cgroup")  # limits of a container
GIB = 2**30
CHECKPOINTS = 3  # best, last, and the one that is being written
OTHER_RUN_FILES = 2**25  # bytes: figures, TensorBoard events, predictions, metrics
THUMBNAIL = 96 * 96  # bytes
# Peak memory of CPU trainings in run.json: GBMnet 1.9 GiB with batches of 32 and 3.5 with 128,
# MobileNetV2 1.4 and 2.2.
PROCESS, PER_SCAN = int(1.4 * GIB), 18 * 2**20


def prepared_sets(config: Any, counts: Counts) -> Iterator[Finding]:
    """Report the prepared sets of the configured name."""
    found = [str(folder) for folder in prepared_sets_in(config)]
    message = f"The first run prepares the scans in {config.data.prepared}."
    there = f"{listed(found)} {'are' if len(found) > 1 else 'is'} there." if found else message
    yield Finding("ok", "prepared set", there)


def folders(config: Any, counts: Counts) -> Iterator[Finding]:
    """Report whether a run can write its folders, and whether they have enough space."""
    needed = run_bytes(counts.get("parameters", 0))
    if not prepared_sets_in(config):
        # The report's set where nothing is counted yet. All scans are written, then those kept.
        scans = counts.get("scans", 7023)
        needed += scans * (2 * config.data.crop.size**2 + THUMBNAIL)
    places = {"runs": config.runs, "data.prepared": config.data.prepared}
    if config.data.source == "phantom":
        places["data.root"] = config.data.root
    for key, place in places.items():
        path, fix = Path(place).expanduser().absolute(), f"add {key}=FOLDER"
        if reason := why_not_writable(path):
            yield Finding("wrong", "folders", f"{path} cannot be written: {reason}.", fix)
            continue
        free = shutil.disk_usage(existing_parent(path)).free
        space = f"{free / GIB:,.1f} GiB free; a run needs up to {needed / GIB:.1f}"
        if free < needed:
            yield Finding("note", "folders", f"{path} has only {space}.", fix)
        else:
            yield Finding("ok", "folders", f"{path} can be written and has {space}.")


def run_bytes(parameters: int) -> int:
    """Estimate the size of a run: a checkpoint has each weight and two moments of Adam."""
    return CHECKPOINTS * 12 * parameters + OTHER_RUN_FILES


def memory(config: Any, counts: Counts) -> Iterator[Finding]:
    """Compare free memory with the peak of similar trainings."""
    needed, free = PROCESS + PER_SCAN * config.data.batch_size, free_memory()
    message = f"A run needs about {needed / GIB:.1f} GiB"
    if free is None:
        yield Finding("ok", "memory", f"{message}; free memory is unknown.")
        return
    message, low = f"{message}; {free / GIB:.1f} GiB are free.", free < needed
    yield Finding("note" if low else "ok", "memory", message, "add data.batch_size=8" * low)


def free_memory() -> int | None:
    """Give the memory for a new process in bytes; None if the system does not say."""
    from brain_tumor.runs.peak_memory import kilobytes
    from brain_tumor.runs.provenance import physical_memory

    free, limit = kilobytes("", "meminfo", "MemAvailable:"), read_cgroup("memory.max")
    free = physical_memory() if free is None else free
    return min(free or int(limit), int(limit)) if limit.isdigit() else free


def prepared_sets_in(config: Any) -> list[Path]:
    """List the prepared sets of the configured name."""
    directory = Path(config.data.prepared).expanduser()
    return sorted(path for path in directory.glob(f"{config.data.name}-*") if path.is_dir())


def existing_parent(path: Path) -> Path:
    """Give the path itself, or the nearest folder above it that exists."""
    absolute = path.expanduser().absolute()
    return next(place for place in (absolute, *absolute.parents) if place.exists())


def why_not_writable(path: Path) -> str | None:
    """Say why nothing can be written into a folder, or where it would be made."""
    place = existing_parent(path)
    if not place.is_dir():
        return f"{place} is a file"
    return None if os.access(place, os.W_OK) else f"{place} is read-only"


def read_cgroup(name: str) -> str:
    """Read a limit of this container, such as `cpu.max`; empty if there is none."""
    try:
        return (CGROUP / name).read_text().strip()
    except OSError:
        return ""
