"""Transforms of torchvision, Kornia, MONAI or your own, one after the other, as an augmentation."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

from brain_tumor.errors import ConfigError

Transform = Callable[..., Any]


class Chain:
    """Applies transforms that were written elsewhere, each as its library expects it.

    | transform | gets | called |
    |---|---|---|
    | `torchvision.transforms.v2` | `(1, H, W)`, uint8, 0-255 | scan by scan |
    | MONAI | `(1, H, W)`, float32, 0-1 | scan by scan |
    | Kornia | `(N, 1, H, W)`, float32, 0-1 | batch by batch; draws for each scan |
    | any other | `(N, 1, H, W)`, uint8, 0-255 | batch by batch |
    | one that has `draws_per_scan` | as `Augment` says | batch by batch |

    It gives the same shape back, on the scale that it got. Torch's generators, and MONAI's own, are
    seeded before each call by a number that belongs to the scan (or the batch's first scan) and the
    epoch: a run repeats, and one that resumes goes on with the same scans. That cannot hold for
    what draws from NumPy or `random` by itself, nor for random pixels that are drawn on MPS.

    Args:
        transforms: What is applied, in this order.
        per_batch: Whether one draw is for all scans of a batch. Kornia's transforms say so
            themselves, by `same_on_batch`, and yours must.

    Raises:
        ConfigError: There is none, or one of Kornia's contradicts `per_batch`.
    """

    def __init__(self, transforms: Sequence[Transform], per_batch: bool = False) -> None:
        if not transforms:
            raise ConfigError("augment.transforms is empty: choose augment=none for no change.")
        for transform in transforms if per_batch else ():
            if _library(transform) == "kornia" and not getattr(transform, "same_on_batch", True):
                raise ConfigError(
                    f"augment.per_batch is true, but {type(transform).__name__} of Kornia draws "
                    "for each scan: give it same_on_batch: true."
                )
        self.transforms, self.per_batch = list(transforms), per_batch
        self.draws = [int(getattr(one, "draws_per_scan", 1)) for one in self.transforms]
        self.draws_per_scan = sum(self.draws)

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Augment `(N, 1, H, W)` uint8 by `(N, draws_per_scan)`; give float32 on 0-255."""
        for transform, own in zip(
            self.transforms, torch.split(draws, self.draws, dim=1), strict=True
        ):
            if hasattr(transform, "draws_per_scan"):
                images = transform(images, own)
                continue
            library, seeds = _library(transform), (own[:, 0] * 2**24).long().tolist()
            if library in ("monai", "torchvision"):
                scans = _as_expected(images, library)
                changed = [_applied(transform, *one) for one in zip(scans, seeds, strict=True)]
                images = _on_0_255(torch.stack(changed), library)
            else:
                scans = _as_expected(images, library)
                images = _on_0_255(_applied(transform, scans, seeds[0]), library)
        return images.float().clamp(0, 255)


def _library(transform: Transform) -> str:
    named = transform.func if isinstance(transform, partial) else type(transform)
    return str(named.__module__).partition(".")[0]


def _as_expected(images: Tensor, library: str) -> Tensor:
    if library in ("kornia", "monai"):
        return images.float() / 255
    return images if images.dtype == torch.uint8 else images.round().clamp(0, 255).byte()


def _on_0_255(images: Tensor, library: str) -> Tensor:
    return images * 255 if library in ("kornia", "monai") else images


def _applied(transform: Transform, images: Tensor, seed: int) -> Tensor:
    if hasattr(transform, "set_random_state"):  # MONAI's
        transform.set_random_state(seed=seed)
    with _seeded(seed, images.device):
        # MONAI gives tensors with a scanner's metadata.
        return torch.as_tensor(transform(images)).as_subclass(Tensor)


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's generators of the processor and of a CUDA card, and put them back."""
    cards = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cards):
        # Not torch.manual_seed: that seeds other devices too, and so the next dropout.
        torch.default_generator.manual_seed(seed)
        for card in cards:
            with torch.cuda.device(card):
                torch.cuda.manual_seed(seed)
        yield
