"""The scanner's operations as configurations and tables of strengths name them.

Each takes a scan, its own values by name, and uniform numbers for what has no strength: where a
field is bright, when a head moves, the seed of noise.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from brain_tumor.data.transforms import mri_physics as physics
from brain_tumor.data.transforms.counter_noise import seeds_of

MOVES = 2  # of a head during one scan


@dataclass(frozen=True)
class Operation:
    """Something a scanner does.

    Attributes:
        apply: Takes scans `(N, 1, H, W)`, float32, 0-255, uniform numbers `(N, draws)` and its
            values by name, `(N,)` each; gives scans.
        limits: Names of the values, and the least and the largest that each can take.
        draws: Uniform numbers in [0, 1) that it needs of each scan beside its values.
    """

    apply: Callable[..., Tensor]
    limits: Mapping[str, tuple[float, float]]
    draws: int = 0


def _bias_field(images: Tensor, draws: Tensor, log_gain: Tensor) -> Tensor:
    return physics.bias_field(images, 2 * draws - 1, log_gain)


def _motion(images: Tensor, draws: Tensor, pixels: Tensor) -> Tensor:
    # Mostly near the middle of k-space, which holds nearly all of a picture: elsewhere a move is
    # hardly seen.
    starts = 0.5 + 0.5 * (2 * draws[:, :MOVES] - 1) ** 3
    angles = draws[:, MOVES : 2 * MOVES] * (2 * math.pi)
    steps = torch.stack((torch.sin(angles), torch.cos(angles)), dim=2) * pixels[:, None, None]
    return physics.motion(images, starts, steps, _coin(draws[:, 2 * MOVES]))


def _ghosting(images: Tensor, draws: Tensor, intensity: Tensor, replicas: Tensor) -> Tensor:
    phase = draws[:, 0] * (2 * math.pi)
    return physics.ghosting(images, intensity, torch.round(replicas), phase, _coin(draws[:, 1]))


def _resolution(images: Tensor, draws: Tensor, keep: Tensor) -> Tensor:
    return physics.resolution(images, keep, keep)


def _anisotropy(images: Tensor, draws: Tensor, keep: Tensor) -> Tensor:
    across, complete = _coin(draws[:, 0]), torch.ones_like(keep)
    return physics.resolution(
        images, torch.where(across, complete, keep), torch.where(across, keep, complete)
    )


def _noise(images: Tensor, draws: Tensor, sigma: Tensor) -> Tensor:
    return physics.rician_noise(images, sigma, seeds_of(draws[:, 0]))


def _drawless(apply: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda images, draws, **values: apply(images, **values)


def _coin(draws: Tensor) -> Tensor:
    return draws < 0.5


# In the order in which a scan comes about: tissue and coil, filling k-space, the receiver's noise
# and the magnitude, export to a picture.
OPERATIONS = {
    "inversion": Operation(_drawless(physics.inversion), {"strength": (0, 1)}),
    "bias_field": Operation(_bias_field, {"log_gain": (0, 3)}, len(physics.FIELD_WAVES)),
    "motion": Operation(_motion, {"pixels": (0, 64)}, 2 * MOVES + 1),
    "ghosting": Operation(_ghosting, {"intensity": (0, 1), "replicas": (1, 32)}, 2),
    "resolution": Operation(_resolution, {"keep": (0.02, 1)}),
    "anisotropy": Operation(_anisotropy, {"keep": (0.02, 1)}, 1),
    "noise": Operation(_noise, {"sigma": (0, 128)}, 1),
    "window": Operation(_drawless(physics.window), {"low": (-128, 127), "high": (128, 512)}),
    "gamma": Operation(_drawless(physics.gamma), {"log_gamma": (-3, 3)}),
}
