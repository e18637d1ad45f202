"""The batch's blur and warp by OpenCV, which on a CPU takes a fifth of torch's time for them."""

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

# OpenCV 4 interpolates at the nearest 1/32 of a pixel, which moves grey values by up to six.
EXACT = int(cv2.__version__.partition(".")[0]) >= 5


def blur_and_warp(images: Tensor, weights: Tensor, matrices: Tensor) -> Tensor:
    """Blur each scan by a kernel of its own, and warp it bilinearly.

    Args:
        images: `(N, 1, H, W)`, uint8 or float32, 0-255, on the CPU, H = W.
        weights: `(N, K)`, float32, K odd: the kernel, for rows and for columns.
        matrices: `(N, 2, 3)`, float32: from output to input positions, which run from -1 to 1 over
            the scan, x to the right and y down.

    Returns:
        `(N, 1, H, W)`, float32, 0-255. Borders are mirrored for the blur; what lies outside the
        scan is black.

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
