"""`trainer.deterministic`: the same run to the last bit, where the device can give it.

Lightning hands the value to torch, which then takes an operator's deterministic kernel, or raises
where it has none. What that means for a run of ours, by the list in the documentation of
`torch.use_deterministic_algorithms` (torch 2.15):

- CPU: every operator has such a kernel, and a run is the same with and without. Only the number of
  threads may not change. New tensors are filled before they are written, which costs some time.
- CUDA: convolutions and cuBLAS have them. cuBLAS wants CUBLAS_WORKSPACE_CONFIG in the environment
  before its first call, where Lightning puts it; torch looks once per process, so in
  `-m trainer.deterministic=false,true` the second job ends with torch's "... it uses CuBLAS ... you
  must set an environment variable": give the whole process `CUBLAS_WORKSPACE_CONFIG=:4096:8` there.
  Operators of ours that are listed to raise do so in their gradients alone, or in a form that we do
  not use. `grid_sample`, the reflected border (augmentation) and bilinear `interpolate`
  (MobileNetV2's input) are never differentiated. The negative log likelihood raises for classes of
  pixels, not for one class per scan. The confusion matrix is counted by comparing; `bincount`
  would raise with weights alone. An operator that is added and has none is named by torch's
  RuntimeError, "... does not have a deterministic implementation".
- MPS: no. The gradient of `MaxPool2d`, which GBMnet needs, has no deterministic kernel. torch 2.15
  raises there; earlier ones said nothing and gave what they had (pytorch issues 161029, 195404).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning as L
import torch

from brain_tumor.errors import ConfigError

CUBLAS = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def kept_determinism() -> Iterator[None]:
    """Put back what a Trainer sets for the whole process: the next job of a sweep begins anew."""
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark, workspace = torch.backends.cudnn.benchmark, os.environ.get(CUBLAS)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark
        if workspace is None:
            os.environ.pop(CUBLAS, None)
        else:
            os.environ[CUBLAS] = workspace


def honours_determinism(device: torch.device) -> bool:
    """Tell whether every operator of a training has a deterministic kernel on this device."""
    return device.type in ("cpu", "cuda")


def check_deterministic(deterministic: Any, trainer: L.Trainer) -> None:
    """Make sure that `trainer.deterministic` can be had on the Trainer's device.

    Raises:
        ConfigError: It is no such value, or the device cannot honour it.
    """
    # Lightning would take another value, 1 among them, and leave torch as it is.
    if not (deterministic is None or isinstance(deterministic, bool) or deterministic == "warn"):
        raise ConfigError(f"trainer.deterministic must be true, false or warn: {deterministic!r}")
    device = trainer.strategy.root_device
    if deterministic is True and not honours_determinism(device):
        raise ConfigError(
            f"trainer.deterministic=true cannot be honoured on {device.type.upper()}, where torch "
            "has no deterministic gradient of max-pooling: take trainer=cpu, or "
            "trainer.deterministic=warn to use what the device has."
        )
