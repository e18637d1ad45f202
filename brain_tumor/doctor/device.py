"""The device that trains, and the number of threads."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

from brain_tumor.doctor.child import Results
from brain_tumor.doctor.found import Device, Failure, Finding
from brain_tumor.doctor.resources import read_cgroup

TOLERANCE = 1e-2  # of values near 1: TF32 keeps three digits


def device(config: Any, probes: Results) -> Iterator[Finding]:
    """Report whether the configured device is there and computes what the CPU computes."""
    found: Device | Failure | None = probes["device"]
    trainer = config.trainer
    if found is None:
        return
    if isinstance(found, Failure):
        message = f"A small computation on the device failed: {found.error}"
        yield Finding("wrong", "device", message, "add trainer=cpu")
        return
    kind = str(found.kind).upper()
    if not found.available:
        message = f"trainer.accelerator={trainer.accelerator} is not available on this machine."
        yield Finding("wrong", "device", message, "add trainer=auto")
    elif not found.difference < TOLERANCE:  # NaN is wrong, too
        message = f"{kind} and CPU results differ by {found.difference:.3g}."
        yield Finding("wrong", "device", message, "add trainer=cpu")
    elif kind == "CUDA":
        memory = f"{(found.free or 0) / 2**30:.1f} GiB of GPU memory are free"
        yield Finding("ok", "device", f"{found.count} x {found.name} works; {memory}.")
    else:
        slow = "" if found.bf16 is not False else " It has no bf16: keep trainer.precision=32-true."
        message = f"{kind} works (trainer.accelerator={trainer.accelerator}).{slow}"
        yield Finding("ok", "device", message)
    if kind != "CUDA" and trainer.accelerator != "cpu" and shutil.which("nvidia-smi"):
        yield _unused_gpu(probes["torch"].cuda, found.reason)


def _unused_gpu(cuda: str | None, reason: str) -> Finding:
    message = "An NVIDIA driver is installed, but "
    if cuda is None:
        # On Linux that brings CUDA; elsewhere PyTorch's page "Get started" has the line to type.
        fix = "python -m pip install --force-reinstall torch torchvision"
        return Finding("note", "device", f"{message}this torch is built without CUDA.", fix)
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        fix = "unset CUDA_VISIBLE_DEVICES"
        return Finding("note", "device", f"{message}CUDA_VISIBLE_DEVICES hides the GPU.", fix)
    reason = reason or "torch gives no reason"
    return Finding("note", "device", f"{message}torch cannot use CUDA {cuda}: {reason}")


def threads(config: Any, probes: Results) -> Iterator[Finding]:
    """Compare torch's threads with the cores that this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = allowed or 1
    quota, _, period = read_cgroup("cpu.max").partition(" ")
    if quota.isdigit():  # else "max"
        cores = min(cores, max(1, round(int(quota) / int(period))))
    number = config.threads or getattr(probes["torch"], "threads", None)
    if number is None:
        return
    message, fix = f"torch uses {number} of {cores} CPU cores.", f"add threads={cores}"
    if number > cores:
        message = f"torch starts {number} threads on {cores} CPU cores, which is slow."
        yield Finding("note", "threads", message, fix)
    elif number == 1 < cores and config.threads is None and os.environ.get("OMP_NUM_THREADS"):
        yield Finding("note", "threads", f"{message} OMP_NUM_THREADS limits it.", fix)
    else:
        yield Finding("ok", "threads", message)
