"""The same augmentation with Kornia's operations, on whole batches."""

import time
from collections.abc import Mapping
from typing import Any

import kornia.augmentation as K
import numpy as np
import torch
from torch import nn

from benchmarks.turns import Turns


def training_operations(ranges: Mapping[str, Any], size: int) -> nn.Module:
    """Join the report's operations for batches `(N, 1, size, size)`, float32, 0-1.

    Args:
        ranges: The values of `conf/augment/report.yaml`.
        size: Side of a scan in pixels.
    """
    kernel, shear = ranges["blur_kernel"], ranges["shear_degrees"]
    return K.AugmentationSequential(
        K.RandomGaussianBlur((kernel, kernel), tuple(ranges["blur_sigma"]), p=1.0),
        K.RandomHorizontalFlip(p=ranges["flip_probability"]),
        K.RandomRotation(ranges["rotation_degrees"], p=1.0),
        K.RandomAffine(degrees=0.0, shear=(-shear, shear), p=1.0),
        K.RandomResizedCrop(
            (size, size), tuple(ranges["crop_area"]), tuple(ranges["crop_aspect"]), p=1.0
        ),
        data_keys=["input"],
    )


def batches(job: dict[str, Any], turns: Turns) -> None:
    """Go through the training scans once per turn.

    Args:
        job: `arrays`, an npz file with `images`; `ranges`, `batch_size`.
        turns: Tell when.
    """
    with np.load(job["arrays"]) as arrays:
        images = torch.from_numpy(arrays["images"])
    operations = training_operations(job["ranges"], images.shape[-1])
    while turns.wait():
        scans = 0
        begun = time.perf_counter()
        with torch.no_grad():
            for rows in torch.split(torch.randperm(len(images)), job["batch_size"]):
                scans += len(operations(images[rows].unsqueeze(1).float() / 255))
        turns.done(time.perf_counter() - begun, scans)
