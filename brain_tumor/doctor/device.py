"""The device that trains, and the number of threads."""

import os
import shutil
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from brain_tumor.doctor.checks import REINSTALL, Counts
from brain_tumor.doctor.finding import Finding
from brain_tumor.doctor.resources import read_cgroup
from brain_tumor.engine.precision import cpu_has_bf16

TOLERANCE = 1e-2  # of values near 1: TF32 keeps three digits


def device(config: Any, counts: Counts) -> Iterator[Finding]:
    """Report whether the device that Lightning takes computes what the CPU computes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cuda = torch.cuda.is_available()
    gpu = "cuda" if cuda else "mps" if torch.backends.mps.is_available() else None
    asked = config.trainer.accelerator
    kind = {"auto": gpu or "cpu", "gpu": gpu}.get(asked, asked)
    if kind is None or kind not in ("cpu", gpu):
        message = f"trainer.accelerator={asked} is not available on this machine."
        yield Finding("wrong", "device", message, "add trainer=auto")
    elif not (difference := float((_gradient(kind) - _gradient("cpu")).abs().max())) < TOLERANCE:
        # NaN is wrong, too.
        message = f"{kind.upper()} and CPU results differ by {difference:.3g}."
        yield Finding("wrong", "device", message, "add trainer=cpu")
    elif kind == "cuda":
        cards = f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()} works"
        free = f"{torch.cuda.mem_get_info()[0] / 2**30:.1f} GiB of GPU memory are free"
        yield Finding("ok", "device", f"{cards}; {free}.")
    else:
        slow = " It has no bf16: keep trainer.precision=32-true."
        slow *= kind == "cpu" and not cpu_has_bf16()
        message = f"{kind.upper()} works (trainer.accelerator={asked}).{slow}"
        yield Finding("ok", "device", message)
    if kind != "cuda" and asked != "cpu" and shutil.which("nvidia-smi"):
        yield _unused_gpu(torch.version.cuda, " ".join(str(one.message) for one in caught))


def _gradient(device: str) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    scans = torch.rand((2, 1, 16, 16), generator=generator).to(device)
    kernel = torch.rand((4, 1, 3, 3), generator=generator).to(device).requires_grad_()
    loss = max_pool2d(conv2d(scans, kernel, padding=1), 2).square().mean()
    return torch.autograd.grad(loss, kernel)[0].cpu()


def _unused_gpu(cuda: str | None, reason: str) -> Finding:
    message = "An NVIDIA driver is installed, but "
    if cuda is None:
        # On Linux that brings CUDA; elsewhere PyTorch's page "Get started" has the line to type.
        return Finding("note", "device", f"{message}this torch is built without CUDA.", REINSTALL)
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        fix = "unset CUDA_VISIBLE_DEVICES"
        return Finding("note", "device", f"{message}CUDA_VISIBLE_DEVICES hides the GPU.", fix)
    reason = reason or "torch gives no reason"
    return Finding("note", "device", f"{message}torch cannot use CUDA {cuda}: {reason}")


def threads(config: Any, counts: Counts) -> Iterator[Finding]:
    """Compare torch's threads with the cores that this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = allowed or 1
    quota, _, period = read_cgroup("cpu.max").partition(" ")
    if quota.isdigit():  # else "max"
        cores = min(cores, max(1, round(int(quota) / int(period))))
    number = config.threads or torch.get_num_threads()
    message, fix = f"torch uses {number} of {cores} CPU cores.", f"add threads={cores}"
    if number > cores:
        message = f"torch starts {number} threads on {cores} CPU cores, which is slow."
        yield Finding("note", "threads", message, fix)
    elif number == 1 < cores and config.threads is None and os.environ.get("OMP_NUM_THREADS"):
        yield Finding("note", "threads", f"{message} OMP_NUM_THREADS limits it.", fix)
    else:
        yield Finding("ok", "threads", message)
