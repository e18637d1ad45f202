"""Augmentation by what scanners do: for scans from machines that training never saw.

The report's blur and geometry come first, and field of view joins them in the one warp: where the
head lies is settled before a scanner measures it. Then come contrast, coil, k-space, noise and
export, each with its own chance. Everything is drawn outside, as for
`BatchAugment`; noise on pixels is a hash of one such number.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import torch
from torch import Tensor

from brain_tumor.data.transforms import mri_physics as physics
from brain_tumor.data.transforms.report import BatchAugment
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.settings import Range, Rising, check_value

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
    return physics.rician_noise(images, sigma, physics.seeds_of(draws[:, 0]))


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

FIELD_OF_VIEW = "field_of_view"
# Of the field's side against the head's picture, and of the head's way to right and bottom as a
# share of half a side.
VIEW_LIMITS: Mapping[str, tuple[float, float]] = {
    "zoom": (0.25, 4),
    "shift_x": (-1, 1),
    "shift_y": (-1, 1),
}


@dataclass(eq=False)
class MRIAugment(BatchAugment):
    """Augment a batch at once by a scanner's physics, on its own device.

    Attributes:
        operations: By name, `field_of_view` or one of `OPERATIONS`: its
            `probability`, and of each of its values the smallest and the largest, between which
            it is uniform. One that is left out is never applied. Beside it stand the settings of
            `BatchAugment`.

    Raises:
        ConfigError: A name is unknown or missing, or a value outside its range.
    """

    operations: dict[str, dict[str, Any]] = field(kw_only=True)

    def __post_init__(self) -> None:
        """Check every value, and count the draws."""
        super().__post_init__()
        known = {FIELD_OF_VIEW: VIEW_LIMITS} | {k: one.limits for k, one in OPERATIONS.items()}
        for name, asked in self.operations.items():
            if name not in known:
                raise ConfigError(f"augment.operations.{name} is unknown: {suggest(name, known)}")
            _check(f"augment.operations.{name}", asked, known[name])
        self.chances = {
            name: (float(asked["probability"]), [asked[value] for value in known[name]])
            for name, asked in self.operations.items()
        }
        # The report's, then field of view, then each operation in the scanner's order; a chance and
        # a number for each value come first.
        self.place_draws = BatchAugment.draws_per_scan + 1 + len(VIEW_LIMITS)
        self.draws_per_scan = self.place_draws + sum(
            1 + len(one.limits) + one.draws
            for name, one in OPERATIONS.items()
            if name in self.operations
        )

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Place the head, then scan it; shapes as for `BatchAugment`."""
        placed = super().__call__(images, draws[:, : self.place_draws])
        return self.scan(placed, draws[:, self.place_draws :].to(images.device))

    def scan(self, images: Tensor, draws: Tensor) -> Tensor:
        """Apply the operations of the scanner, each to the scans whose chance it is, in place.

        `images` are float32; `draws` those behind the first `place_draws`.
        """
        start = 0
        for name, operation in OPERATIONS.items():
            if name not in self.operations:
                continue
            probability, ranges = self.chances[name]
            end = start + 1 + len(ranges) + operation.draws
            own, start = draws[:, start:end], end
            # Only these scans pay for a Fourier transform.
            chosen = torch.nonzero(own[:, 0] < probability)[:, 0]
            if not len(chosen):
                continue
            own = own[chosen]
            values = {
                value: low + (high - low) * own[:, place]
                for place, (value, (low, high)) in enumerate(
                    zip(operation.limits, ranges, strict=True), start=1
                )
            }
            free = own[:, 1 + len(ranges) :]
            images[chosen] = operation.apply(images.index_select(0, chosen), free, **values)
        return images

    def warp(self, draws: Tensor) -> Tensor:
        """Give the report's matrices `(N, 2, 3)` with the field of view in them.

        Draws are `(N, 11)`: the report's seven, then chance, zoom, and shift to the right and down.
        """
        own = BatchAugment.draws_per_scan - 1
        matrices = super().warp(draws[:, :own])
        if FIELD_OF_VIEW not in self.operations:
            return matrices
        probability, ranges = self.chances[FIELD_OF_VIEW]
        chance = draws[:, own] < probability
        zoom, right, down = (
            low + (high - low) * draws[:, own + place]
            for place, (low, high) in enumerate(ranges, start=1)
        )
        # A position in the wide field is first brought to the head's own picture.
        zoom = torch.where(chance, zoom, 1.0)[:, None, None]
        shift = torch.where(chance[:, None], torch.stack((right, down), dim=1), 0.0)[:, :, None]
        linear = matrices[:, :, :2] * zoom
        return torch.cat((linear, matrices[:, :, 2:] - linear @ shift), dim=2)


def _check(key: str, asked: dict[str, Any], limits: Mapping[str, tuple[float, float]]) -> None:
    hints: dict[str, Any] = {"probability": Annotated[float, Range(0, 1)]}
    for name, ends in limits.items():
        hints[name] = Annotated[tuple[float, float], Rising(*ends)]
    for name in asked:
        if name not in hints:
            raise ConfigError(f"{key}.{name} is unknown: {suggest(str(name), hints)}")
    for name, hint in hints.items():
        if name not in asked:
            raise ConfigError(f"{key}.{name} is not given: add {key}.{name}=VALUE.")
        check_value(asked[name], hint, f"{key}.{name}")
