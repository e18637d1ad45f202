"""Draw one fake brain MRI slice: arrays in, arrays out, nothing read or written.

The drawings are schematic, and no patient is behind them. What a class adds is one mass, painted
last from random numbers that every class draws, so two heads from the same generator state and with
different labels differ at the mass and nowhere else.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from brain_tumor.data.phantom.anatomy import BRAIN, Anatomy
from brain_tumor.data.phantom.head import draw_head
from brain_tumor.data.phantom.shapes import FloatArray, cover, ellipse, paint, smooth_noise

DRAWN_SIZE = 256
# The pituitary gland sits on the skull base, in the midline, just before the brain stem.
_SELLA = {"axial": (0.0, -0.03), "coronal": (0.0, 0.22), "sagittal": (-0.08, 0.13)}
_MASS_RADIUS = {"glioma": (0.21, 0.29), "meningioma": (0.18, 0.27), "pituitary": (0.105, 0.15)}


@dataclass(frozen=True)
class PhantomImage:
    """One drawn slice.

    Attributes:
        pixels: Grey values, shape ``(H, W)``, uint8, 0-255.
        mass: Column and row of the centre of the mass and its radius, in pixels; None without one.
    """

    pixels: NDArray[np.uint8]
    mass: tuple[float, float, float] | None


def draw_slice(
    anatomy: Anatomy, view: str, rng: np.random.Generator, size: int = DRAWN_SIZE
) -> PhantomImage:
    """Draw one slice of a patient, ``(size, size)``, in one of `VIEWS`.

    The same patient, view and state of `rng` give the same pixels. Position, zoom, tilt, overall
    intensity, noise and the cut through the mass differ from slice to slice.
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
    where = _place_mass(anatomy, view, rng)
    # Every class draws the noise of the mass, so that what follows is the same for all of them.
    mottle = smooth_noise(rng, size, 24)
    if where is None:
        return PhantomImage(_scan(head, rng), None)
    column, row = np.linalg.solve(to_head, np.array(where[:2])) + centre
    radius = where[2] * zoom
    top, left = max(0, int(row - 2 * radius)), max(0, int(column - 2 * radius))
    near = np.s_[top : int(row + 2 * radius) + 1, left : int(column + 2 * radius) + 1]
    _paint_mass(head[near], brain[near], flat_u[near], flat_v[near], where, anatomy, mottle[near])
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


def _place_mass(
    anatomy: Anatomy, view: str, rng: np.random.Generator
) -> tuple[float, float, float] | None:
    """Choose u, v and radius of the mass, in head units; None where the class has none."""
    shift, growth = rng.uniform(-1, 1, 2), rng.uniform(0.88, 1.08)
    if anatomy.label == "notumor":
        return None
    low, high = _MASS_RADIUS[anatomy.label]
    radius = float((low + (high - low) * anatomy.mass_size) * growth)
    if anatomy.label == "pituitary":
        u, v = _SELLA[view]
        return u + 0.015 * float(shift[0]), v + 0.02 * float(shift[1]), radius
    cu, cv, a, b = BRAIN[view]
    if anatomy.label == "glioma":
        # Within a hemisphere: never across the midline, never touching the skull.
        angle = np.radians(-50 + 100 * anatomy.mass_angle + 5 * shift[0])
        reach = 0.50 + 0.12 * anatomy.mass_depth + 0.03 * float(shift[1])
    else:
        # On the convexity: all round in axial slices, above the skull base in the others.
        down = 75 if view == "axial" else 5
        angle = np.radians(-75 + (75 + down) * anatomy.mass_angle + 5 * shift[0])
        reach = 1.0 - 0.55 * radius / float(np.hypot(a * np.cos(angle), b * np.sin(angle)))
    u = cu + anatomy.mass_side * a * reach * float(np.cos(angle))
    return u, cv + b * reach * float(np.sin(angle)), radius


def _paint_mass(
    image: FloatArray,
    inside: FloatArray,
    u: FloatArray,
    v: FloatArray,
    where: tuple[float, float, float],
    anatomy: Anatomy,
    mottle: FloatArray,
) -> None:
    """Paint the mass of the patient's class, in place and only inside the skull."""
    cu, cv, radius = where
    du, dv = u - np.float32(cu), v - np.float32(cv)
    level = anatomy.brain_level * (1.7 + 0.35 * anatomy.mass_contrast)
    if anatomy.label == "meningioma":
        # Round, bright and even; its broad base is what the skull cuts off.
        even = np.float32(level) * (1 + np.float32(0.02) * mottle)
        paint(image, cover(np.hypot(du, dv) - np.float32(radius)) * inside, even)
    elif anatomy.label == "pituitary":
        nodule = ellipse(du, dv, 0, 0, radius * 0.92, radius * 1.05)
        even = np.float32(level) * (1 + np.float32(0.04) * mottle)
        paint(image, cover(nodule), even)
    else:
        # A bright irregular rim around a dark core, in swollen and therefore darker brain.
        angle = np.arctan2(dv, du)
        waves = sum(
            np.float32(0.07) * np.sin(n * angle + np.float32(phase))
            for n, phase in zip((2, 3, 4), anatomy.lobes, strict=True)
        )
        distance = np.hypot(du, dv) - np.float32(radius * 0.88) * (1 + np.asarray(waves))
        swelling = cover(distance - np.float32(0.35 * radius), 0.6 * radius) * inside
        image *= 1 - np.float32(0.4) * swelling
        rim = np.float32(0.85 * level) * (1 + np.float32(0.18) * mottle)
        paint(image, cover(distance) * inside, rim)
        core = distance + np.float32(0.25 * radius) + np.float32(0.10 * radius) * mottle
        paint(image, cover(core, 0.04) * inside, 0.35 * anatomy.brain_level)
