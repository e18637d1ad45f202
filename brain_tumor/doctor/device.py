"""The device that would train: there, used, and right."""

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from brain_tumor.doctor.finding import Finding, broken, ok, warning
from brain_tumor.doctor.machine import Machine

NEAR = 1e-2  # of values around 1: TF32 keeps three digits, a broken driver none
FALLBACK = "PYTORCH_ENABLE_MPS_FALLBACK"
DRIVER = Path("/proc/driver/nvidia/version")


def device(machine: Machine) -> Iterator[Finding]:
    """See whether the configured device is there and computes what a CPU does."""
    asked = str(machine.config.trainer.accelerator)
    error = machine.torch.error("device")
    if error:
        yield broken(
            "device",
            f"a small convolution failed: {error}",
            "trainer=cpu meanwhile; update the driver, or install a torch that fits the card",
        )
        return
    found = machine.torch.steps["device"]
    kind = str(found["kind"]).upper()
    if "difference" not in found:
        yield broken(
            "device", f"trainer.accelerator={asked} wants {kind}, which is not here", "trainer=auto"
        )
    elif not found["difference"] < NEAR:
        yield broken(
            "device",
            f"{kind} computes something else than the CPU (by {found['difference']:.3g})",
            "trainer=cpu meanwhile; update driver or macOS, and torch",
        )
    elif kind == "CUDA":
        free = found["memory"] / 2**30
        yield ok("device", f"{found['name']}, {found['count']} in all, {free:.1f} GiB free")
    else:
        yield ok("device", f"{kind} (trainer.accelerator={asked})")
    yield from _unused_card(machine)
    yield from _mps(machine)
    yield from _determinism(machine)


def _unused_card(machine: Machine) -> Iterator[Finding]:
    """Look for an NVIDIA card that torch does not see."""
    found = machine.torch.steps["device"]
    if found["cuda_available"]:
        if found["kind"] == "cpu":
            yield warning("device", "there is a CUDA card, which is not used", "trainer=auto")
        return
    if not (DRIVER.exists() or shutil.which("nvidia-smi")):
        return
    built = machine.torch.steps["torch"]["cuda"]
    if built is None:
        yield warning(
            "device",
            "there is an NVIDIA driver, but this torch is built without CUDA",
            "install torch and torchvision for CUDA, in one call from one index",
        )
    elif os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        yield warning(
            "device", "CUDA_VISIBLE_DEVICES hides the NVIDIA card", "unset CUDA_VISIBLE_DEVICES"
        )
    else:
        yield warning(
            "device",
            f"there is an NVIDIA driver, but torch (CUDA {built}) cannot use it: "
            f"{found['said'] or 'it does not say why'}",
            f"update the driver to one for CUDA {built}, or install torch for an older CUDA",
        )


def _mps(machine: Machine) -> Iterator[Finding]:
    if platform.system() != "Darwin":
        return
    found = machine.torch.steps["device"]
    if not found["mps_available"]:
        yield warning(
            "device",
            "this Mac's GPU cannot be used: torch wants Apple silicon and macOS 14 or newer",
            "nothing where the Mac is older: trainer=auto takes its CPU",
        )
    elif os.environ.get(FALLBACK, "0") not in ("", "0"):
        yield warning(
            "device",
            f"{FALLBACK} is set: an operator that MPS lacks runs on the CPU, slowly and unseen",
            f"unset {FALLBACK}; no operator of a training needs it",
        )


def _determinism(machine: Machine) -> Iterator[Finding]:
    """Say what `trainer.deterministic=true` would give on this device."""
    if machine.torch.steps["device"]["kind"] != "mps":
        yield ok("deterministic", "trainer.deterministic=true is honoured on this device")
    elif machine.config.trainer.get("deterministic") is True:
        yield broken(
            "deterministic",
            "torch has no deterministic gradient of max-pooling on MPS",
            "trainer=cpu, or trainer.deterministic=warn",
        )
    else:
        yield ok("deterministic", "not to be had on MPS: two runs may differ in their last digits")
