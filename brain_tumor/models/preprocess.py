"""What a network does to a scan before its first layer.

Part of the network, so that a checkpoint cannot be fed the wrong thing.
"""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Interpolation = Literal["bilinear", "bicubic", "nearest"]
GREY_RANGE = 255.0  # scans are on the 0-255 scale until here


class UnitRange(nn.Module):
    """Bring grey values from 0-255 to 0-1. The report names no normalisation for GBMnet."""

    def forward(self, scans: Tensor) -> Tensor:
        """Take `(N, 1, H, W)`, uint8 or float32, 0-255; give torch's default dtype, 0-1."""
        return laid_out(unit_range(scans))


class ImageNetInput(nn.Module):
    """Turn grey scans into what ImageNet weights expect: resized, three channels, standardised.

    Args:
        size: Side of the network's input in pixels; None for that of the scans.
        mean: Per-channel mean that the weights were trained with, on the 0-1 scale.
        std: Per-channel standard deviation, likewise.
        channels: 3, or 1 for a network that takes grey pictures: it gets the mean of the three.
        interpolation: How scans are resized.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        size: int | None,
        mean: Sequence[float],
        std: Sequence[float],
        channels: int = 3,
        interpolation: Interpolation = "bilinear",
    ) -> None:
        super().__init__()
        self.size, self.interpolation = size, interpolation
        if channels == 1:
            mean, std = [sum(mean) / len(mean)], [sum(std) / len(std)]
        # Not saved: they are arguments, and a state_dict of torchvision's layout stays one.
        for name, values in (("mean", mean), ("std", std)):
            shaped = torch.tensor(values).view(1, channels, 1, 1)
            self.register_buffer(name, shaped, persistent=False)

    def forward(self, scans: Tensor) -> Tensor:
        """Take `(N, 1, H, W)`, uint8 or float32, 0-255; give `(N, C, size, size)`, float."""
        images = unit_range(scans)
        if self.size is not None:
            # Without antialiasing, which at a scale of 0.875 changes little and costs time.
            align = None if self.interpolation == "nearest" else False
            size = (self.size, self.size)
            images = F.interpolate(images, size, mode=self.interpolation, align_corners=align)
        if self.interpolation == "bicubic":
            images = images.clamp(0, 1)  # it overshoots at edges
        return laid_out((images - self.mean) / self.std)


def unit_range(scans: Tensor) -> Tensor:
    """Bring `(N, C, H, W)` from 0-255 to 0-1, in torch's default dtype.

    That is float32, but what `trainer.precision` asks for where a whole network is in it.
    """
    return scans.to(torch.get_default_dtype()) / GREY_RANGE


def laid_out(images: Tensor) -> Tensor:
    """Lay images `(N, C, H, W)` out in memory as their device convolves and pools them fastest.

    On a CPU the channels of a pixel side by side, which every layer after it keeps: a training
    step of GBMnet takes three quarters of the time, a pass of MobileNetV2 two thirds. Values stay
    the same, rounding in later layers may differ in a float32's last digits.
    """
    if images.device.type == "cpu":
        # Not contiguous(), which takes a single channel for laid out both ways as it is.
        return images.clone(memory_format=torch.channels_last)
    return images
