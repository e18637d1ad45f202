"""Pictures that are no brain scans, each drawn from random numbers: `(H, W)`, uint8, 0-255."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
from phantoms import draw_phantom
from sklearn.datasets import load_sample_images

from brain_tumor.data.phantom import CLASSES, VIEWS

Picture = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]
Draw = Callable[[np.random.Generator], Picture]

SIDE = 320
MIDDLE = SIDE / 2
TEXT = "patient report: head left and right, no findings above, none below, signed 2024 "


@cache
def photographs() -> list[Picture]:
    """Give the two photographs that come with scikit-learn, in grey."""
    pictures = load_sample_images().images
    return [np.asarray(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), np.uint8) for one in pictures]


def photograph(rng: np.random.Generator) -> Picture:
    """Cut a part of one of the two photographs, of any place and size."""
    whole = photographs()[rng.integers(2)]
    height = int(rng.integers(96, whole.shape[0] + 1))
    width = int(height * rng.uniform(0.75, 1.33))
    top = int(rng.integers(whole.shape[0] - height + 1))
    left = int(rng.integers(whole.shape[1] - width + 1))
    return np.ascontiguousarray(whole[top : top + height, left : left + width])


def gaussian_noise(rng: np.random.Generator) -> Picture:
    return _grey(rng.normal(rng.uniform(60, 180), rng.uniform(10, 60), (256, 256)))


def uniform_noise(rng: np.random.Generator) -> Picture:
    return rng.integers(0, int(rng.integers(64, 257)), (256, 256), dtype=np.uint8)


def clouds(rng: np.random.Generator) -> Picture:
    field = _smooth(rng, 256, rng.uniform(2, 20))
    return _grey(rng.uniform(60, 160) + rng.uniform(20, 60) * field)


def text_page(rng: np.random.Generator) -> Picture:
    paper, ink = (255, 20) if rng.random() < 0.7 else (0, 255)
    page, size, line = np.full((420, SIDE), paper, np.uint8), rng.uniform(0.4, 0.8), 30
    while line < 410:
        start = int(rng.integers(len(TEXT)))
        words, font = (TEXT + TEXT)[start : start + 60], cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(page, words, (12, line), font, size, (ink,), 1, cv2.LINE_AA)
        line += int(34 * size) + int(rng.integers(8))
    return page


def flat(rng: np.random.Generator) -> Picture:
    slope = np.linspace(0, rng.uniform(0, 60), 256)[:, None]
    return _grey(rng.integers(30, 256) + slope + np.zeros((256, 256)))


def disc(rng: np.random.Generator) -> Picture:
    plane = np.zeros((SIDE, SIDE), np.float32)
    _paint(plane, (MIDDLE, MIDDLE), rng.uniform(90, 140, 2), rng.uniform(60, 220))
    return _measured(plane, rng)


def phantom(rng: np.random.Generator) -> Picture:
    """Draw one of the package's own fake scans."""
    return draw_phantom(str(rng.choice(CLASSES)), str(rng.choice(VIEWS)), rng).pixels


def knee(rng: np.random.Generator) -> Picture:
    """Draw thigh and shin bone from the front, with dark rims, in muscle and fat."""
    plane, marrow, gap = (
        np.full((SIDE, SIDE), 4, np.float32),
        rng.uniform(110, 190),
        rng.uniform(150, 170),
    )
    for breadth, level, grain in ((95, rng.uniform(140, 220), 6), (76, rng.uniform(50, 90), 5)):
        axes = (breadth + rng.uniform(-8, 8), 0.8 * SIDE)
        _paint(plane, (MIDDLE, MIDDLE), axes, _grained(rng, level, 0.12, grain))
    for sign in (-1, 1):
        for away, breadth, height in ((118, 46, 110), (45, 65, 41)):
            centre = (MIDDLE, gap + sign * (away + rng.uniform(-5, 5)))
            _paint(plane, centre, (breadth, height), 15)
            inner = _grained(rng, marrow, 0.07, 2)
            _paint(plane, centre, (breadth - 5, height - 5), inner)
    centre = (MIDDLE - rng.uniform(75, 88), gap - rng.uniform(20, 40))
    _paint(plane, centre, (15, 32), _grained(rng, marrow, 0.05, 2))
    return _measured(plane, rng)


def abdomen(rng: np.random.Generator) -> Picture:
    """Draw a slice through the belly: fat, liver, spleen, kidneys, vertebra, loops of bowel."""
    plane, axes = np.full((SIDE, SIDE), 3, np.float32), rng.uniform((135, 95), (155, 115))
    middle = (MIDDLE, MIDDLE)
    _paint(plane, middle, axes, _grained(rng, rng.uniform(150, 230), 0.06, 8))
    _paint(plane, middle, axes - rng.uniform(14, 24), _grained(rng, rng.uniform(55, 80), 0.15, 4))
    _paint(plane, middle, axes - rng.uniform(28, 38), _grained(rng, rng.uniform(30, 60), 0.3, 7))
    for x, y, breadth, height, low, high in (
        (-58, -18, 55, 48, 90, 130),
        (72, -10, 22, 35, 80, 140),
        (-50, 32, 19, 27, 120, 170),
        (50, 32, 19, 27, 120, 170),
        (-50, 32, 6, 12, 20, 60),
        (50, 32, 6, 12, 20, 60),
        (0, 48, 22, 18, 100, 150),
        (0, 72, 8, 6, 150, 230),
    ):
        centre = (MIDDLE + x + rng.uniform(-6, 6), MIDDLE + y + rng.uniform(-6, 6))
        size = np.array((breadth, height)) * rng.uniform(0.9, 1.1)
        _paint(plane, centre, size, _grained(rng, rng.uniform(low, high), 0.06, 2))
    for _ in range(9):
        centre = (MIDDLE + rng.uniform(-50, 80), MIDDLE + rng.uniform(-50, 10))
        _paint(plane, centre, rng.uniform(7, 14, 2), rng.uniform(10, 170))
    return _measured(plane, rng)


def spine(rng: np.random.Generator) -> Picture:
    """Draw vertebrae, discs and cord from the side."""
    plane = np.full((SIDE, SIDE), 4, np.float32)
    plane[:, 50:270] = _grained(rng, rng.uniform(50, 90), 0.25, 6)[:, 50:270]
    plane[:, int(rng.uniform(235, 255)) : 275] = rng.uniform(160, 230)
    phase, sway, marrow = rng.uniform(0, 6), rng.uniform(8, 20), rng.uniform(110, 180)

    def across(y: float) -> float:
        return float(MIDDLE + sway * np.sin(y / 90 + phase))

    for breadth, level in ((12, 30), (6, 110)):
        for y in range(0, SIDE, 2):
            cv2.circle(plane, (int(across(y) + 42), y), breadth, (level,), -1)
    for y in range(-10, SIDE, 46):
        _paint(plane, (across(y), y), (26, 17), _grained(rng, marrow, 0.08, 2))
        _paint(plane, (across(y), y + 23), (22, 4), rng.uniform(40, 160))
        _paint(plane, (across(y) + 80, y + 12), (25, 9), _grained(rng, 0.8 * marrow, 0.08, 2))
    return _measured(plane, rng)


def hand(rng: np.random.Generator) -> Picture:
    """Draw an X-ray of a hand: bones with a bright rim in soft tissue."""
    soft, bones = np.zeros((2, SIDE, SIDE), np.float32)
    cv2.ellipse(soft, (160, 215), (62, 65), 0, 0, 360, (1,), -1)
    cv2.rectangle(soft, (122, 250), (198, SIDE), (1,), -1)
    for root, angle, length in (
        (-52, -38, 90),
        (-29, -12, 130),
        (-9, -3, 140),
        (11, 6, 130),
        (30, 18, 105),
    ):
        turned = np.radians(angle + rng.uniform(-5, 5))
        base = np.array([MIDDLE + root, 225.0])
        tip = base + length * rng.uniform(0.95, 1.15) * np.array([np.sin(turned), -np.cos(turned)])
        _stroke(soft, base, tip, int(rng.uniform(20, 26)), 1)
        for start, end in ((0.02, 0.39), (0.44, 0.65), (0.7, 0.82), (0.87, 0.98)):
            ends = base + (tip - base) * start, base + (tip - base) * end
            _stroke(bones, *ends, 9, 1)
            _stroke(bones, *ends, 3, 0.6)
    for _ in range(8):
        centre = (MIDDLE + rng.uniform(-30, 30), rng.uniform(248, 272))
        _paint(bones, centre, rng.uniform(7, 12, 2), rng.uniform(0.7, 1))
    for x in (144, 176):
        _stroke(bones, np.array([x, 285.0]), np.array([x, float(SIDE)]), 20, 0.8)
    flesh, bone = rng.uniform(50, 90), rng.uniform(150, 230)
    plane = 5 + flesh * soft + (bone - flesh) * bones
    return _measured(np.asarray(cv2.GaussianBlur(plane, (0, 0), 1.3), np.float32), rng)


# Every kind but the package's own phantoms, which are heads in the manner of a scanner.
NO_HEADS: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        *(photograph, gaussian_noise, uniform_noise, clouds, text_page, flat, disc),
        *(knee, abdomen, spine, hand),
    )
}


def _grey(values: npt.NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _smooth(rng: np.random.Generator, side: int, sigma: float) -> Plane:
    field = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), sigma)
    return np.asarray(field / field.std(), np.float32)


def _grained(rng: np.random.Generator, level: float, share: float, sigma: float) -> Plane:
    return np.asarray(level * (1 + share * _smooth(rng, SIDE, sigma)), np.float32)


def _paint(
    plane: Plane, centre: tuple[float, float], axes: npt.ArrayLike, level: Plane | float
) -> None:
    """Paint a soft ellipse, in place."""
    cover = np.zeros_like(plane)
    x, y = (round(float(value)) for value in centre)
    wide, high = (max(1, round(float(value))) for value in np.asarray(axes))
    cv2.ellipse(cover, (x, y), (wide, high), 0, 0, 360, (1,), -1)
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), 1.5))
    plane += (np.asarray(level, np.float32) - plane) * cover


def _stroke(
    plane: Plane,
    start: npt.NDArray[np.float64],
    end: npt.NDArray[np.float64],
    width: int,
    level: float,
) -> None:
    first, last = ((round(float(point[0])), round(float(point[1]))) for point in (start, end))
    cv2.line(plane, first, last, (level,), width)


def _measured(plane: Plane, rng: np.random.Generator) -> Picture:
    """Add a scanner's noise: the length of a complex number with Gaussian parts."""
    real, imaginary = rng.normal(0, rng.uniform(2, 8), (2, *plane.shape))
    return _grey(np.hypot(plane + real, imaginary))
