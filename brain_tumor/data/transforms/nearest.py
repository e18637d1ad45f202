"""Rotation and shear as torchvision's transforms do them by default: by the nearest pixel."""

import torch
import torch.nn.functional as F
from torch import Tensor

from brain_tumor.data.transforms.report import BatchAugment


class NearestAugment(BatchAugment):
    """The report's operations one after the other, two of them without interpolation.

    torchvision's `RandomRotation` and `RandomAffine` take the nearest pixel where nothing else is
    asked; the report names no interpolation. Edges become stairs, which scans that are not
    augmented do not have. The crop is bilinear, as `RandomResizedCrop` is by default. Corners that
    the rotation pushes out are lost to the shear, as in torchvision's chain. Draws as for
    `BatchAugment`.
    """

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Blur, flip and rotate, shear, crop; shapes as for `BatchAugment`."""
        draws = draws.to(images.device)
        flip, angle, shear = self.pose(draws[:, 1:4])
        size, shift = self.window(draws[:, 4:])
        as_is, straight = torch.ones_like(flip), torch.zeros_like(flip)
        complete, middle = torch.ones_like(size), torch.zeros_like(shift)
        scans = self.blur(images.float(), draws[:, 0])
        for matrices, mode in (
            (self.matrices(flip, angle, straight, complete, middle), "nearest"),
            (self.matrices(as_is, straight, shear, complete, middle), "nearest"),
            (self.matrices(as_is, straight, straight, size, shift), "bilinear"),
        ):
            positions = self.positions(matrices, images.shape[-1])
            scans = F.grid_sample(scans, positions, mode=mode, align_corners=False)
        return scans
