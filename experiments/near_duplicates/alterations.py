"""What leaves a scan the same slice: fourteen alterations, each in three strengths."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
SIDE = 256  # pixels of the scans that are altered; distances below are in these
STRENGTHS = range(3)


def window(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Spread a part of the grey values over all of them."""
    low, high = ((10, 220), (20, 170), (30, 130))[strength]
    return _whole((scan.astype(np.float32) - low) * 255 / (high - low))


def gamma(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Raise grey values to 1.5, 2 or 2.5, or to one over that."""
    power = (1.5, 2.0, 2.5)[strength]
    return _whole(255 * (scan / 255) ** (power if rng.random() < 0.5 else 1 / power))


def sharpen(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Add 1, 2 or 4 times what a blur of 2 pixels takes away."""
    plain = scan.astype(np.float32)
    return _whole(plain + (1, 2, 4)[strength] * (plain - cv2.GaussianBlur(plain, (0, 0), 2)))


def equalise(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Equalise histograms of tiles (CLAHE), clipped at 2, 4 or 8."""
    return np.asarray(cv2.createCLAHE((2, 4, 8)[strength], (8, 8)).apply(scan), np.uint8)


def normalise(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Take the mean out of 24, 16 or 10 pixels around each, and divide by their deviation."""
    around, plain = (24, 16, 10)[strength], scan.astype(np.float32)
    mean = cv2.GaussianBlur(plain, (0, 0), around)
    variance = cv2.GaussianBlur(plain * plain, (0, 0), around) - mean * mean
    return _whole(110 + 50 * (plain - mean) / np.sqrt(np.maximum(variance, 25)))


def invert(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Invert all grey values, the same with a gamma of 1.5, or those of the head alone."""
    if strength < 2:
        return _whole(255 * ((255 - scan) / 255) ** (1, 1.5)[strength])
    bright = (cv2.GaussianBlur(scan, (0, 0), 2) > 30).astype(np.uint8)
    head = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((25, 25)))
    return np.where(head > 0, 255 - scan, scan).astype(np.uint8)


def blur(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Blur by 1, 2 or 3 pixels."""
    return np.asarray(cv2.GaussianBlur(scan, (0, 0), strength + 1), np.uint8)


def noise(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Add Gaussian noise of 10, 20 or 30 grey values."""
    return _whole(scan + rng.normal(0, 10 * (strength + 1), scan.shape))


def encode(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Encode as JPEG of quality 50, 25 or 10."""
    coded = cv2.imencode(".jpg", scan, [cv2.IMWRITE_JPEG_QUALITY, (50, 25, 10)[strength]])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


def margins(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Add up to 13, 26 or 51 black pixels to each side, and shrink to the old size."""
    top, bottom, left, right = rng.integers(0, (13, 26, 51)[strength] + 1, 4).tolist()
    wide = cv2.copyMakeBorder(scan, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(cv2.resize(wide, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def shift(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Shift by 3, 5 or 8 pixels in any direction."""
    way, angle = (3, 5, 8)[strength], rng.uniform(0, 2 * np.pi)
    return _warp(scan, np.array([[1, 0, way * np.cos(angle)], [0, 1, way * np.sin(angle)]]))


def scale(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Shrink or enlarge by 3, 6 or 10 %."""
    change = (0.03, 0.06, 0.1)[strength] * rng.choice([-1, 1])
    return _warp(scan, cv2.getRotationMatrix2D((SIDE / 2 - 0.5,) * 2, 0, 1 + change))


def turn(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Turn by 2, 3.5 or 5 degrees to one side or the other."""
    degrees = (2, 3.5, 5)[strength] * rng.choice([-1, 1])
    return _warp(scan, cv2.getRotationMatrix2D((SIDE / 2 - 0.5,) * 2, float(degrees), 1))


def mirror(scan: Grey, strength: int, rng: np.random.Generator) -> Grey:
    """Mirror or turn to one of the seven other orientations of a square."""
    which = int(rng.integers(1, 8))
    turned = scan.T if which & 4 else scan
    turned = turned[:: -1 if which & 2 else 1, :: -1 if which & 1 else 1]
    return np.ascontiguousarray(turned)


ALTERATIONS: dict[str, Callable[[Grey, int, np.random.Generator], Grey]] = {
    "window": window,
    "gamma": gamma,
    "sharpening": sharpen,
    "equalised histograms": equalise,
    "local normalisation": normalise,
    "inversion": invert,
    "blur": blur,
    "noise": noise,
    "JPEG": encode,
    "margins": margins,
    "shift": shift,
    "scale": scale,
    "turn": turn,
    "orientation": mirror,
}


def _whole(values: npt.NDArray[np.floating]) -> Grey:
    return np.asarray(np.rint(np.clip(values, 0, 255)), np.uint8)


def _warp(scan: Grey, matrix: npt.NDArray[Any]) -> Grey:
    return np.asarray(cv2.warpAffine(scan, matrix, (SIDE, SIDE)), np.uint8)
