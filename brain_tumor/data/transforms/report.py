"""Augmentation of training scans: "Data Augmentation & Tensor Preparation" of the report.

A whole batch is treated on the device it lies on (on a CPU by OpenCV 5 where there is one). Flip,
rotation, shear and resized crop are joined into one bilinear warp: cheaper than four, and it blurs
less, because pixels are interpolated once.

What is random comes in as `draws`, uniform numbers that belong to one scan in one epoch
(`epoch_draws`), so the same seed gives the same scans whatever the batch order or device.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from brain_tumor.settings import Range, Rising, Settings

# OpenCV 4 interpolates at the nearest 1/32 of a pixel, which moves grey values by up to six.
EXACT = int(cv2.__version__.partition(".")[0]) >= 5


class Augment(Protocol):
    """What the data module asks of an augmentation.

    Where it has a `per_batch` that is true, the draws of a batch's first scan are for all of it.
    """

    draws_per_scan: int

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Augment `(N, 1, H, W)` uint8 by `(N, draws_per_scan)`; give float32 on 0-255."""
        ...


def epoch_draws(seed: int, epoch: int, scans: int, draws_per_scan: int, turn: int = 0) -> Tensor:
    """Draw the uniform numbers of one epoch, `(scans, draws_per_scan)`, float32, in [0, 1).

    The table depends on the seed, the epoch and the turn alone: how often the epoch has shown a
    scan before. It is drawn on the CPU, so that every device sees the same augmentation.
    """
    key = (seed, epoch, turn) if turn else (seed, epoch)
    uniform = np.random.default_rng(key).random((scans, draws_per_scan), np.float32)
    return torch.from_numpy(uniform)


@dataclass(eq=False)
class BatchAugment(Settings, key="augment"):
    """Augment a batch at once, on its own device. Pairs are the smallest and the largest.

    Against torchvision's chain two things differ, on purpose: corners that a rotation pushes out
    are not lost to the shear or crop after it, and the crop's aspect is drawn from those that fit
    the scan, where torchvision redraws area and aspect and falls back to the whole scan.
    """

    blur_kernel: Annotated[int, Range(1, odd=True)]  # side of the Gaussian kernel, pixels
    blur_sigma: Annotated[tuple[float, float], Rising(0, without=(0,))]  # pixels
    flip_probability: Annotated[float, Range(0, 1)]  # left to right
    rotation_degrees: Annotated[float, Range(0)]  # angles are uniform in plus or minus this
    shear_degrees: Annotated[float, Range(0, 90, (90,))]  # likewise; the shear is horizontal
    crop_area: Annotated[tuple[float, float], Rising(0, 1, (0,))]  # share that a crop samples
    crop_aspect: Annotated[tuple[float, float], Rising(0, without=(0,))]  # its width / height
    per_batch: bool = False  # one draw is for all scans of a batch; who draws heeds it

    draws_per_scan = 8

    def __call__(self, images: Tensor, draws: Tensor) -> Tensor:
        """Blur, flip, rotate, shear and crop.

        Args:
            images: `(N, 1, H, W)`, uint8 or float, 0-255, H = W.
            draws: `(N, 8)`, float32, uniform in [0, 1): blur strength, flip, rotation, shear, crop
                area, crop aspect, crop's left, crop's top.

        Returns:
            `(N, 1, H, W)`, float32, 0-255. What lies outside the scan is black.
        """
        if images.device.type == "cpu" and EXACT:
            scans = images if images.dtype == torch.uint8 else images.float()
            return blur_and_warp(scans, self.gaussians(draws[:, 0]), self.warp(draws[:, 1:]))
        return self.by_torch(images, draws)

    def by_torch(self, images: Tensor, draws: Tensor) -> Tensor:
        """Do the same by torch alone, on any device: within 0.02 grey values of OpenCV's way."""
        draws = draws.to(images.device)
        blurred = self.blur(images.float(), draws[:, 0])
        positions = self.positions(self.warp(draws[:, 1:]), images.shape[-1])
        return F.grid_sample(blurred, positions, align_corners=False)

    def gaussians(self, draws: Tensor) -> Tensor:
        """Give the blur's kernel of each scan, `(N, blur_kernel)`, float32; draws are `(N,)`."""
        half = self.blur_kernel // 2
        low, high = self.blur_sigma
        sigma = low + (high - low) * draws
        offsets = torch.arange(-half, half + 1, device=draws.device, dtype=torch.float32)
        weights = torch.exp(-0.5 * (offsets / sigma[:, None]) ** 2)
        return weights / weights.sum(dim=1, keepdim=True)

    def blur(self, images: Tensor, draws: Tensor) -> Tensor:
        """Blur each scan of `(N, 1, H, W)` by a Gaussian of its own; draws are `(N,)`."""
        half = self.blur_kernel // 2
        weights = self.gaussians(draws)
        # Scans become channels of one picture, so that each group of the convolution has its own
        # kernel; rows first, then columns. Borders are mirrored as in torchvision.
        number = len(images)
        stacked = images.transpose(0, 1)
        stacked = F.pad(stacked, (half, half, half, half), mode="reflect")
        stacked = F.conv2d(stacked, weights[:, None, None, :], groups=number)
        stacked = F.conv2d(stacked, weights[:, None, :, None], groups=number)
        return stacked.transpose(0, 1)

    @staticmethod
    def positions(matrices: Tensor, side: int) -> Tensor:
        """Give where each pixel of the output lies in the input, `(N, side, side, 2)`, float32.

        What `affine_grid` gives for matrices of `warp`, in a quarter of its time: the part that
        depends on the column and the part that depends on the row are added, where a product of
        matrices treats every pixel.
        """
        centres = torch.arange(1 - side, side, 2, device=matrices.device) / side
        along_x, along_y, shift = matrices[:, None].unbind(dim=3)
        by_column = centres[:, None] * along_x
        by_row = centres[:, None] * along_y + shift
        return by_row[:, :, None] + by_column[:, None]

    def warp(self, draws: Tensor) -> Tensor:
        """Give the matrices `(N, 2, 3)` that take output to input positions.

        Positions run from -1 to 1 over the scan, x to the right and y down. Draws are `(N, 7)`,
        in the order flip, rotation, shear, crop area, crop aspect, crop's left and top.
        """
        return self.matrices(*self.pose(draws[:, :3]), *self.window(draws[:, 3:]))

    def pose(self, draws: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give flip (-1 or 1), angle (radians) and shear, each `(N,)`, for draws `(N, 3)`."""
        flip, turn, slant = draws.unbind(dim=1)
        flip = torch.where(flip < self.flip_probability, -1.0, 1.0)
        angle = (2 * turn - 1) * math.radians(self.rotation_degrees)
        shear = torch.tan((2 * slant - 1) * math.radians(self.shear_degrees))
        return flip, angle, shear

    def window(self, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Give the crop's sides, as shares of the scan's, and its shift, `(N, 2)` each.

        Draws are `(N, 4)`: area, aspect, left, top. A shift is in half sides of the scan.
        """
        area, aspect, left, top = draws.unbind(dim=1)
        # An aspect that would not fit the scan is not drawn.
        area = self.crop_area[0] + (self.crop_area[1] - self.crop_area[0]) * area
        low = torch.clamp(area.log(), min=math.log(self.crop_aspect[0]))
        high = torch.clamp(-area.log(), max=math.log(self.crop_aspect[1]))
        aspect = torch.exp(low + (high - low) * aspect)
        width, height = torch.sqrt(area * aspect), torch.sqrt(area / aspect)
        shift_x, shift_y = (1 - width) * (2 * left - 1), (1 - height) * (2 * top - 1)
        return torch.stack((width, height), dim=1), torch.stack((shift_x, shift_y), dim=1)

    @staticmethod
    def matrices(flip: Tensor, angle: Tensor, shear: Tensor, size: Tensor, shift: Tensor) -> Tensor:
        """Join what `pose` and `window` give to matrices as `warp` gives them."""
        # From output back to input: crop, then shear, then rotation, then flip. Written out,
        # because a chain of tiny matrix products costs more than the warp on some devices.
        cos, sin = torch.cos(angle), torch.sin(angle)
        across = torch.stack((cos, cos * shear - sin), dim=1) * flip[:, None]
        down = torch.stack((sin, sin * shear + cos), dim=1)
        linear = torch.stack((across, down), dim=1)
        return torch.cat((linear * size[:, None, :], linear @ shift[:, :, None]), dim=2)


def blur_and_warp(images: Tensor, weights: Tensor, matrices: Tensor) -> Tensor:
    """Blur and warp each scan by OpenCV, which takes a fifth of torch's time for it on a CPU.

    By kernels of `BatchAugment.gaussians` and matrices of `BatchAugment.warp`. Borders are mirrored
    for the blur; what lies outside the scan is black.

    Raises:
        ValueError: The kernel reaches beyond what can be mirrored, as torch's would.
    """
    side, kernel_size = images.shape[-1], weights.shape[1]
    if kernel_size // 2 >= side:
        raise ValueError(f"a blur kernel of {kernel_size} pixels needs larger scans")
    warped = torch.empty(images.shape, dtype=torch.float32)
    scans, made = images[:, 0].numpy(), warped[:, 0].numpy()
    kernels = weights.numpy()
    for scan, kernel, back, into in zip(
        scans, kernels, _in_pixels(matrices, side), made, strict=True
    ):
        blurred = cv2.sepFilter2D(scan, cv2.CV_32F, kernel, kernel)
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(blurred, back, (side, side), dst=into, flags=how)
    return warped


def _in_pixels(matrices: Tensor, side: int) -> npt.NDArray[np.float64]:
    """Bring matrices to positions in pixels, whose centres are whole numbers from 0."""
    linear, shift = matrices.double().numpy()[:, :, :2], matrices.double().numpy()[:, :, 2]
    middle = (side - 1) / 2
    moved = shift * side / 2 + middle - linear.sum(axis=2) * middle
    return np.concatenate((linear, moved[:, :, None]), axis=2)
