"""Which precision a device is quick at, and float32 on every device where it is asked for."""

import platform

import torch


def keep_float32() -> None:
    """Let convolutions on a CUDA card count in float32, as a CPU does.

    By PyTorch's default they take TF32 there, which keeps 10 of the mantissa's 23 bits, so that one
    checkpoint would answer otherwise on a card. Products of matrices keep float32 by default. Who
    wants speed for bits asks for it: `trainer.precision=bf16-mixed`.
    """
    torch.backends.cudnn.allow_tf32 = False


def fast_precision(accelerator: str) -> str:
    """Choose `trainer.precision`: `bf16-mixed` where the device is quick at it, else `32-true`.

    Without instructions for it bf16 is emulated: a training step of MobileNetV2 took 7.6 s in place
    of 0.63 s on a processor with AVX2 alone (batch 8, 224 pixels, one thread). On Apple's GPU
    float32 is kept.
    """
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        # MPS, which `auto` and `gpu` find on a Mac, falls under this: no x86 there.
        fast = accelerator != "mps" and cpu_has_bf16()
    return "bf16-mixed" if fast else "32-true"


def cpu_has_bf16() -> bool:
    """Tell whether the processor has instructions for bf16 that torch uses (AVX-512 or AMX)."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    # Private, as torch offers no public question; a version without them counts as no.
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in asked)
