"""A map of what a network looked at, in colour over its scan."""

import matplotlib
import numpy as np
import numpy.typing as npt

# Brighter with every step, also in print and in every common form of colour blindness (van der Walt
# and Smith, 2015, bids.github.io/colormap); its dark end is where nothing is painted.
_COLOURS = "inferno"
_MAX = 0.65  # of the colour where the map has its peak, so that the scan is seen below it


def overlay(scan: npt.NDArray[np.uint8], cam: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Paint a map over a scan: more colour where it is higher, none where it is 0.

    Args:
        scan: `(H, W)`, uint8, 0-255.
        cam: `(H, W)`, 0-1, such as one of `gradcam`.

    Returns:
        `(H, W, 3)`, uint8, red, green and blue, 0-255.

    Raises:
        ValueError: The two differ in size.
    """
    if cam.shape != scan.shape:
        raise ValueError(f"a map of {cam.shape} does not fit a scan of {scan.shape}")
    share = _MAX * np.clip(cam, 0, 1)[..., None]
    colours = 255 * matplotlib.colormaps[_COLOURS](np.clip(cam, 0, 1))[..., :3]
    return np.asarray(np.rint((1 - share) * scan[..., None] + share * colours), np.uint8)
