"""Augmentation as the usual notebook does it: torchvision transforms on one PIL image at a time."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from benchmarks.turns import Turns

Transform = Callable[[Any], Tensor]


def training_chain(ranges: Mapping[str, Any], size: int) -> list[Callable[[Any], Any]]:
    """List the report's transforms up to the tensor, `(1, size, size)`, float32, 0-1.

    Args:
        ranges: The values of `conf/augment/report.yaml`.
        size: Side of a scan in pixels.
    """
    bilinear = InterpolationMode.BILINEAR
    return [
        transforms.GaussianBlur(ranges["blur_kernel"], tuple(ranges["blur_sigma"])),
        transforms.RandomHorizontalFlip(ranges["flip_probability"]),
        transforms.RandomRotation(ranges["rotation_degrees"], interpolation=bilinear),
        transforms.RandomAffine(0, shear=ranges["shear_degrees"], interpolation=bilinear),
        transforms.RandomResizedCrop(
            size, tuple(ranges["crop_area"]), tuple(ranges["crop_aspect"])
        ),
        transforms.ToTensor(),
    ]


def imagenet_input(size: int) -> list[Callable[[Any], Any]]:
    """List what turns a grey tensor into the input of a network with ImageNet weights."""
    return [
        transforms.Resize((size, size), antialias=False),
        transforms.Lambda(three_channels),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ]


def three_channels(scan: Tensor) -> Tensor:
    """Repeat a grey scan `(1, H, W)` as red, green and blue."""
    return scan.expand(3, -1, -1)


class Scans(Dataset[tuple[Tensor, int]]):
    """Scans in memory, transformed one by one.

    Args:
        images: `(N, H, W)`, uint8.
        labels: `(N,)`.
        transform: Takes a PIL image.
    """

    def __init__(
        self, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], transform: Transform
    ) -> None:
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


def batches(job: dict[str, Any], turns: Turns) -> None:
    """Go through the training scans once per turn.

    Args:
        job: `arrays`, an npz file with `images` and `labels`; `ranges`, `batch_size`.
        turns: Tell when.
    """
    with np.load(job["arrays"]) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    chain = transforms.Compose(training_chain(job["ranges"], images.shape[-1]))
    loader = DataLoader(Scans(images, labels, chain), job["batch_size"], shuffle=True)
    while turns.wait():
        scans = 0
        begun = time.perf_counter()
        for batch, _ in loader:
            scans += len(batch)
        turns.done(time.perf_counter() - begun, scans)
