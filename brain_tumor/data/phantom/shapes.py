"""Paint soft shapes and smooth noise on float images, in place where a function says so."""

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


def smooth_noise(rng: np.random.Generator, size: int, cells: int) -> FloatArray:
    """Draw noise of about unit spread that varies over `cells` cells; ``(size, size)``."""
    coarse = rng.standard_normal((cells, cells), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)


def ellipse(
    u: FloatArray, v: FloatArray, cu: float, cv: float, a: float, b: float, degrees: float = 0.0
) -> FloatArray:
    """Give the signed distance to an ellipse, about right near its edge, negative inside."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    across = (u - np.float32(cu)) * np.float32(cos / a) + (v - np.float32(cv)) * np.float32(sin / a)
    along = (v - np.float32(cv)) * np.float32(cos / b) - (u - np.float32(cu)) * np.float32(sin / b)
    radius = np.sqrt(across * across + along * along)
    return np.asarray((radius - np.float32(1)) * np.float32(min(a, b)), np.float32)


def join(first: FloatArray, second: FloatArray, rounding: float) -> FloatArray:
    """Give the signed distance to two shapes joined, their corner filled up over `rounding`."""
    near = np.clip(1 - np.abs(first - second) * np.float32(1 / rounding), 0, 1)
    joined = np.minimum(first, second) - near * near * np.float32(rounding / 4)
    return np.asarray(joined, np.float32)


def cover(distance: FloatArray, edge: float = 0.02) -> FloatArray:
    """Turn signed distances into a cover from 0 (outside) to 1 (inside) with a soft edge."""
    return np.asarray(np.clip(np.float32(0.5) - distance * np.float32(1 / edge), 0, 1), np.float32)


def paint(image: FloatArray, weight: FloatArray, level: FloatArray | float) -> None:
    """Blend `level` into `image` in place, by `weight` (0-1)."""
    image += weight * (np.asarray(level, np.float32) - image)


def dab(
    image: FloatArray,
    u: FloatArray,
    v: FloatArray,
    oval: tuple[float, ...],
    level: float,
    edge: float = 0.02,
) -> None:
    """Paint a small ellipse in place; for speed, only the rows it can reach are touched.

    `oval` holds what `ellipse` takes after the coordinates: centre, half axes and maybe degrees.
    """
    reach = max(oval[2:4]) + edge + 0.06 + 0.15 * (abs(oval[0]) + max(oval[2:4]))
    middle = v[:, v.shape[1] // 2]
    top, bottom = np.searchsorted(middle, (oval[1] - reach, oval[1] + reach))
    rows = slice(int(top), int(bottom))
    paint(image[rows], cover(ellipse(u[rows], v[rows], *oval), edge), level)
