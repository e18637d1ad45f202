"""Room on disk and in memory for the configured run."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from brain_tumor.doctor.finding import Finding, ok, warning
from brain_tumor.doctor.folders import existing_part
from brain_tumor.doctor.machine import Machine
from brain_tumor.doctor.scans import prepared_folders, raw_root
from brain_tumor.doctor.threads import CGROUPS
from brain_tumor.runs.peak_memory import kilobytes
from brain_tumor.runs.provenance import physical_memory

MIB, GIB = 2**20, 2**30
CHECKPOINTS = 3  # best, last, and the one that is being written
BESIDE = 32 * MIB  # figures, TensorBoard's events, predictions, metrics
FRAME = 96 * 96  # bytes of a thumbnail
# Peaks of trainings on a CPU, as run.json has them: GBMnet took 1.9 GiB with batches of 32 and 3.5
# with 128, MobileNetV2 1.4 and 2.2.
PROCESS, PER_SCAN = int(1.4 * GIB), 18 * MIB


def disk(machine: Machine) -> Iterator[Finding]:
    """Compare free space with checkpoints and the prepared set, per file system."""
    config = machine.config
    wanted = [("runs", Path(str(config.runs)).expanduser(), checkpoint_bytes(machine))]
    if not prepared_folders(machine):
        place = Path(str(config.data.prepared)).expanduser()
        wanted.append(("data.prepared", place, prepared_bytes(machine)))
    systems: dict[int, list[tuple[str, Path, int]]] = {}
    for key, place, size in wanted:
        systems.setdefault(existing_part(place).stat().st_dev, []).append((key, place, size))
    for needs in systems.values():
        free = shutil.disk_usage(existing_part(needs[0][1])).free
        total = sum(size for _, _, size in needs)
        keys = [key for key, _, _ in needs]
        told = f"{free / GIB:,.1f} GiB free, a run wants {total / GIB:,.2f} ({' and '.join(keys)})"
        if free < total:
            remedy = (
                f"free some, or {' and '.join(f'{key}=FOLDER' for key in keys)} on another disk"
            )
            yield warning("disk", f"{told}: {needs[0][1].absolute()} would fill up", remedy)
        else:
            yield ok("disk", told)


def memory(machine: Machine) -> Iterator[Finding]:
    """Compare free memory with what such trainings took."""
    needed = PROCESS + PER_SCAN * int(machine.config.data.batch_size)
    free = available_memory()
    if free is None:
        yield ok(
            "memory", f"how much is free is not known; a run wants about {needed / GIB:.1f} GiB"
        )
        return
    told = f"{free / GIB:.1f} GiB free, a run wants about {needed / GIB:.1f}"
    if free < needed:
        yield warning("memory", told, "end other programs, or data.batch_size=16 or less")
    else:
        yield ok("memory", told)


def checkpoint_bytes(machine: Machine) -> int:
    """Estimate what a run keeps: weights of four bytes, and twice those trained, for Adam."""
    found = machine.torch.steps.get("network", {})
    one = 4 * int(found.get("all", 0)) + 8 * int(found.get("trained", 0))
    return CHECKPOINTS * one + BESIDE


def prepared_bytes(machine: Machine) -> int:
    """Estimate a prepared set: all scans while they are cut, those kept, and thumbnails."""
    data = machine.config.data
    root, _ = raw_root(machine)
    if root is not None and root.is_dir():
        number = sum(1 for path in root.rglob("*") if path.is_file())
    elif data.get("kaggle") is not None:
        number = sum(sum(labels.values()) for labels in data.kaggle.counts.values())
    elif data.get("phantom") is not None:
        drawn = data.phantom.patients_per_class * data.phantom.slices_per_patient
        number = 2 * len(data.classes) * drawn  # copies come on top
    else:
        number = 0
    return number * (2 * int(data.crop.size) ** 2 + FRAME)


def available_memory(groups: Path = CGROUPS) -> int | None:
    """Give the memory that a new process can have, in bytes; None where the system does not tell.

    Args:
        groups: Where the kernel shows control groups, version 2 or 1.
    """
    told = [kilobytes("", "meminfo", "MemAvailable:") or physical_memory()]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # "max" where nothing limits it
            told.append(int((groups / name).read_text()))
    known = [number for number in told if number is not None]
    return min(known) if known else None
