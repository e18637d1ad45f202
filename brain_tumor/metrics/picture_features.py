"""Texture and layout of a scan as numbers that know nothing of any network."""

import cv2
import numpy as np
import numpy.typing as npt

SIDE = 256  # pixels that every scan is brought to, so that the numbers mean the same
LEVELS = 5  # of the pyramid; each halves the side
BLOCKS = 8  # each way
# Grey levels: less than a step of uint8, so that logarithms of empty pictures are finite.
_LEAST = 0.05
KINDS = (10 * LEVELS, 3 * BLOCKS**2)  # how many numbers tell of texture, and of layout

Features = npt.NDArray[np.float64]
_Plane = npt.NDArray[np.float32]


def picture_features(images: npt.NDArray[np.uint8]) -> Features:
    """Describe each scan by its texture at five scales, and by what lies where.

    Texture: of the bands of a Laplacian pyramid (Burt and Adelson, 1983, doi
    10.1109/TCOM.1983.1095851) the strength, how heavy the tails of its distribution are (natural
    pictures and noise differ there: Simoncelli and Olshausen, 2001, doi
    10.1146/annurev.neuro.24.1.1193), how evenly it is spread over the picture, and how alike
    neighbours are. Layout: mean, contrast and fine texture of 8 x 8 blocks.

    Args:
        images: `(N, H, W)`, 0-255; may be memory-mapped.

    Returns:
        `(N, 242)`, float64, finite: 10 for each of five levels, then 3 x 64 of the blocks.
    """
    found = np.empty((len(images), sum(KINDS)))
    for row, image in enumerate(images):
        plane = np.asarray(image)
        if plane.shape != (SIDE, SIDE):
            plane = np.asarray(cv2.resize(plane, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
        grey = plane.astype(np.float32)
        level, numbers = grey, list[float]()
        for _ in range(LEVELS):
            coarse = np.asarray(cv2.GaussianBlur(level, (5, 5), 1.0), np.float32)
            numbers += _texture(level, level - coarse)
            half = coarse.shape[0] // 2
            level = np.asarray(cv2.resize(coarse, (half, half), interpolation=cv2.INTER_AREA))
        found[row] = np.concatenate([numbers, _layout(grey)])
    return found


def _texture(level: _Plane, band: _Plane) -> list[float]:
    number, square = band.size, band * band
    size = cv2.norm(band, cv2.NORM_L1) / number + _LEAST
    power = float(cv2.mean(square)[0])
    spread = power**0.5 + _LEAST
    tails = (cv2.norm(square, cv2.NORM_L2SQR) / number) ** 0.25 + _LEAST
    quiet = np.count_nonzero(square < (size / 4) ** 2) / number
    # How strong the band is around each pixel; over 7 x 7 of them.
    around = cv2.sqrt(cv2.blur(square, (7, 7)) + np.float32(_LEAST**2))
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(around))
    return [
        *(np.log(size), np.log(spread / size), np.log(tails / spread), np.log(quiet + 0.01)),
        np.log((_apart(level, 0, 1) + _LEAST) / (_apart(level, 1, 0) + _LEAST)),
        *(np.log(mean / max(deviation, 0.02)), float(cv2.mean(cv2.log(around))[0]) - np.log(mean)),
        *(_alike(band, power, *step) for step in ((0, 1), (1, 0), (1, 1))),
    ]


def _steps(plane: _Plane, down: int, right: int) -> tuple[_Plane, _Plane]:
    height, width = plane.shape
    return plane[down:, right:], plane[: height - down, : width - right]


def _apart(plane: _Plane, down: int, right: int) -> float:
    """Give the mean absolute difference of neighbours."""
    first, second = _steps(plane, down, right)
    return float(cv2.norm(first, second, cv2.NORM_L1)) / first.size


def _alike(band: _Plane, power: float, down: int, right: int) -> float:
    """Give the correlation of neighbours in a band, whose mean is 0, by their squared distance."""
    first, second = _steps(band, down, right)
    apart = float(cv2.norm(first, second, cv2.NORM_L2SQR)) / first.size
    return (power - apart / 2) / (power + _LEAST)


def _layout(grey: _Plane) -> Features:
    fine = grey - np.asarray(cv2.GaussianBlur(grey, (5, 5), 1.0), np.float32)
    mean, square, texture = (
        np.asarray(cv2.resize(plane, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA), np.float64)
        for plane in (grey, grey * grey, fine * fine)
    )
    contrast = np.sqrt(np.maximum(square - mean**2, 0))
    # Contrast and texture by their ratios: a dark corner's noise tells as much as a bright edge.
    return np.concatenate(
        [mean.ravel(), np.log(contrast.ravel() + 2), np.log(np.sqrt(texture).ravel() + 1)]
    )
