"""float32 on every device: what `trainer.precision=32-true` says, on a card too."""

import torch


def keep_float32() -> None:
    """Let convolutions on a CUDA card count in float32, as a CPU does.

    By PyTorch's default they take TF32 there, which keeps 10 of the mantissa's 23 bits, so that one
    checkpoint would answer otherwise on a card. Products of matrices keep float32 by default. Who
    wants speed for bits asks for it: `trainer.precision=bf16-mixed`.
    """
    torch.backends.cudnn.allow_tf32 = False
