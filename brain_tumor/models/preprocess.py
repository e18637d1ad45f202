"""What a network does to a scan before its first layer.

Part of the network, so that a checkpoint cannot be fed the wrong thing.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GREY_RANGE = 255.0  # scans are on the 0-255 scale until here


class UnitRange(nn.Module):
    """Bring grey values from 0-255 to 0-1. The report names no normalisation for GBMnet."""

    def forward(self, scans: Tensor) -> Tensor:
        """Take `(N, 1, H, W)`, uint8 or float32, 0-255; give torch's default dtype, 0-1."""
        return laid_out(unit_range(scans))


class ImageNetInput(nn.Module):
    """Turn grey scans into what ImageNet weights expect: resized, three channels, standardised.

    Args:
        size: Side of the network's input in pixels.
        mean: Per-channel mean that the weights were trained with, on the 0-1 scale.
        std: Per-channel standard deviation, likewise.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, size: int, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.size = size
        # Not saved: they are arguments, and a state_dict of torchvision's layout stays one.
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, scans: Tensor) -> Tensor:
        """Take `(N, 1, H, W)`, uint8 or float32, 0-255; give `(N, 3, size, size)`, float."""
        unit = unit_range(scans)
        # Without antialiasing, which at a scale of 0.875 changes little and costs time.
        resized = F.interpolate(unit, (self.size, self.size), mode="bilinear", align_corners=False)
        return laid_out((resized - self.mean) / self.std)


def unit_range(scans: Tensor) -> Tensor:
    """Bring `(N, C, H, W)` from 0-255 to 0-1, in torch's default dtype.

    That is float32, but what `trainer.precision` asks for where a whole network is in it.
    """
    return scans.to(torch.get_default_dtype()) / GREY_RANGE


def laid_out(images: Tensor) -> Tensor:
    """Lay images out in memory as their device convolves and pools them fastest.

    On a CPU the channels of a pixel side by side, which every layer after it keeps: a training
    step of GBMnet takes three quarters of the time, a pass of MobileNetV2 two thirds. Values stay
    the same, rounding in later layers may differ in a float32's last digits.

    Args:
        images: `(N, C, H, W)`.
    """
    if images.device.type == "cpu":
        # Not contiguous(), which takes a single channel for laid out both ways as it is.
        return images.clone(memory_format=torch.channels_last)
    return images
