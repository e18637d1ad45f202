"""Draw one fake brain MRI slice: arrays in, arrays out, nothing read or written.

The drawings are schematic, and no patient is behind them. What a class adds is one mass, painted
last from random numbers that every class draws, so two heads from the same generator state and with
different labels differ at the mass and nowhere else.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from brain_tumor.data.phantom.anatomy import CLASSES, VIEWS, Anatomy, draw_anatomy
from brain_tumor.data.phantom.head import draw_head
from brain_tumor.data.phantom.mass import paint_mass, place_mass
from brain_tumor.data.phantom.shapes import FloatArray, smooth_noise

DRAWN_SIZE = 256


@dataclass(frozen=True)
class PhantomImage:
    """One drawn slice.

    Attributes:
        pixels: Grey values, shape ``(H, W)``, uint8, 0-255.
        mass: Column and row of the centre of the mass and its radius, in pixels; None without one.
    """

    pixels: NDArray[np.uint8]
    mass: tuple[float, float, float] | None


def draw_phantom(
    label: str, view: str, rng: np.random.Generator, size: int = DRAWN_SIZE
) -> PhantomImage:
    """Draw one fake scan of a patient of its own.

    Args:
        label: One of `CLASSES`.
        view: One of `VIEWS`.
        rng: Source of every random number; the same state gives the same pixels.
        size: Height and width, in pixels.

    Returns:
        The drawing, ``(size, size)`` uint8, and where its mass lies.

    Raises:
        ValueError: The label or the view is unknown.
    """
    if label not in CLASSES or view not in VIEWS:
        raise ValueError(f"no phantom of {label!r} in {view!r}: choose from {CLASSES} and {VIEWS}")
    return draw_slice(draw_anatomy(label, rng), view, rng, size)


def draw_slice(
    anatomy: Anatomy, view: str, rng: np.random.Generator, size: int = 256
) -> PhantomImage:
    """Draw one slice of a patient.

    Position, zoom, tilt, overall intensity, noise and the cut through the mass differ from slice to
    slice.

    Args:
        anatomy: What the patient's slices share.
        view: One of `VIEWS`.
        rng: Source of every random number of this slice.
        size: Height and width of the drawing, in pixels.

    Returns:
        The drawing, ``(size, size)``, and where its mass lies.
    """
    # Cuts differ in how much scalp and fluid they meet. Wide ranges keep grey value statistics from
    # telling patients, and by them classes, apart.
    thick, wet, wide, fatty = rng.uniform(0.75, 1.3, 4)
    anatomy = replace(
        anatomy,
        scalp=float(np.clip(anatomy.scalp * thick, 0.065, 0.1)),
        fluid_level=anatomy.fluid_level * float(wet),
        ventricles=anatomy.ventricles * float(wide),
        scalp_level=float(np.clip(anatomy.scalp_level * fatty, 130, 235)),
    )
    zoom = rng.uniform(0.84, 0.97) * size / 2
    tilt = np.radians(rng.uniform(-8, 8))
    slack = 0.5 * (size / 2 - zoom)
    centre = size / 2 - 0.5 + rng.uniform(-slack, slack, 2)
    mirror = anatomy.facing if view == "sagittal" else 1
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    to_head = np.array([[mirror / anatomy.breadth], [1.0]]) * turn / zoom

    x = np.arange(size, dtype=np.float32)[None, :] - np.float32(centre[0])
    y = np.arange(size, dtype=np.float32)[:, None] - np.float32(centre[1])
    (a, b), (c, d) = to_head.astype(np.float32)
    flat_u, flat_v = a * x + b * y, c * x + d * y
    u = flat_u + smooth_noise(rng, size, 5) * np.float32(0.012)
    v = flat_v + smooth_noise(rng, size, 5) * np.float32(0.012)

    head, brain = draw_head(u, v, view, anatomy, rng)
    where = place_mass(anatomy, view, rng)
    # Every class draws the noise of the mass, so that what follows is the same for all of them.
    mottle = smooth_noise(rng, size, 24)
    if where is None:
        return PhantomImage(_scan(head, rng), None)
    column, row = np.linalg.solve(to_head, np.array(where[:2])) + centre
    radius = where[2] * zoom
    top, left = max(0, int(row - 2 * radius)), max(0, int(column - 2 * radius))
    near = np.s_[top : int(row + 2 * radius) + 1, left : int(column + 2 * radius) + 1]
    paint_mass(head[near], brain[near], flat_u[near], flat_v[near], where, anatomy, mottle[near])
    return PhantomImage(_scan(head, rng), (float(column), float(row), float(radius)))


def _scan(head: FloatArray, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn tissue into pixels: coil shading, blur, gain and noise; ``(H, W)`` uint8."""
    size = head.shape[0]
    shading = 1 + np.float32(0.06) * smooth_noise(rng, size, 3)
    gain = np.float32(rng.uniform(0.8, 1.2))
    sharp = cv2.GaussianBlur(head * shading * gain, (5, 5), float(rng.uniform(0.5, 1.1)))
    noise = rng.standard_normal(head.shape, dtype=np.float32) * np.float32(rng.uniform(1.5, 4.0))
    # The magnitude of a noisy signal is never negative, so air shows faint grain, as in scanners;
    # half of the scans come with the air blanked, as exported ones do.
    pixels = np.abs(np.asarray(sharp, np.float32) + noise)
    if rng.random() < 0.5:
        pixels[np.asarray(sharp) < 4] = 0
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
