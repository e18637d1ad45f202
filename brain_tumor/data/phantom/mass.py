"""Place the mass of a class in a head, and paint it."""

import numpy as np

from brain_tumor.data.phantom.anatomy import BRAIN, Anatomy
from brain_tumor.data.phantom.shapes import FloatArray, cover, ellipse, paint

# The pituitary gland sits on the skull base, in the midline, just before the brain stem.
_SELLA = {"axial": (0.0, -0.03), "coronal": (0.0, 0.22), "sagittal": (-0.08, 0.13)}
_MASS_RADIUS = {"glioma": (0.21, 0.29), "meningioma": (0.18, 0.27), "pituitary": (0.105, 0.15)}


def place_mass(
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


def paint_mass(
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
