"""Draw a head without a mass: soft ellipses for scalp, skull, fluid, brain and ventricles."""

import numpy as np

from brain_tumor.data.phantom.anatomy import BRAIN, Anatomy
from brain_tumor.data.phantom.shapes import (
    FloatArray,
    cover,
    dab,
    ellipse,
    join,
    paint,
    smooth_noise,
)


def draw_head(
    u: FloatArray, v: FloatArray, view: str, anatomy: Anatomy, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw a head without a mass; also give the cover of the space inside its skull."""
    size = u.shape[0]
    brain_level, fluid = anatomy.brain_level, anatomy.brain_level * anatomy.fluid_level
    if view == "axial":
        # The forehead is narrower than the back of the head.
        outline = ellipse(u / (1 + np.float32(0.09) * v), v, 0, 0, 0.78, 0.97)
        skull_space, tissue = outline, outline + np.float32(anatomy.scalp + 0.065)
    elif view == "coronal":
        skull_space = ellipse(u, v, 0, -0.22, 0.74, 0.74)
        outline = join(skull_space, ellipse(u, v, 0, 0.40, 0.60, 0.57), 0.12)
        main = ellipse(u, v, *BRAIN[view])
        temporal = ellipse(np.abs(u), v, 0.36, 0.12, 0.23, 0.19)
        tissue = np.minimum(main, temporal)
    else:
        skull_space = ellipse(u, v, 0.06, -0.28, 0.86, 0.67)
        face = ellipse(u, v, -0.40, 0.34, 0.42, 0.58, 8)
        nose = ellipse(u, v, -0.76, 0.30, 0.12, 0.09, 25)
        neck = ellipse(u, v, 0.20, 0.70, 0.42, 0.70)
        outline = join(skull_space, join(join(face, nose, 0.12), neck, 0.25), 0.15)
        outline = np.maximum(outline, v - np.float32(0.96))
        # The base of the brain is flat; cerebellum and brain stem hang below it.
        main = np.maximum(ellipse(u, v, *BRAIN[view]), v - np.float32(0.06))
        cerebellum = ellipse(u, v, 0.44, 0.11, 0.27, 0.20)
        stem = ellipse(u, v, 0.16, 0.20, 0.085, 0.26, 10)
        tissue = np.minimum(main, np.minimum(cerebellum, stem))

    fat = 1 + np.float32(0.10) * smooth_noise(rng, size, 16)
    muscle = np.float32(0.75 * brain_level) * (1 + np.float32(0.22) * smooth_noise(rng, size, 20))
    image = np.zeros_like(u)
    paint(image, cover(outline), np.float32(anatomy.scalp_level) * fat)
    paint(image, cover(outline + np.float32(anatomy.scalp)), np.maximum(muscle, 50))
    if view != "axial":
        _draw_airways(image, u, v, view)
    inner = skull_space + np.float32(anatomy.scalp)
    if view != "axial":
        # The skull base closes the brain's space from below.
        inner = np.maximum(inner, tissue - np.float32(0.07))
    paint(image, cover(inner), 0.3 * fluid + 12)
    inside = cover(inner + np.float32(0.035))
    paint(image, inside, fluid)

    grey = 1 + np.float32(0.06) * smooth_noise(rng, size, 9)
    grey += np.float32(0.05) * smooth_noise(rng, size, 48)
    # White matter, away from the edge, is brighter on T1-weighted scans; sulci are dark lines in
    # the cortex: the zero crossings of a noise field, faded out towards the middle.
    depth = np.clip(tissue * np.float32(-1 / 0.26), 0, 1)
    folds = smooth_noise(rng, size, 22)
    sulci = np.exp(-folds * folds * np.float32(22)) * (1 - depth)
    shade = np.float32(brain_level) * grey * (np.float32(0.86) + np.float32(0.24) * depth)
    shade -= sulci * np.float32(0.75 * (brain_level - fluid))
    paint(image, cover(tissue) * inside, shade)
    _draw_inner_brain(image, u, v, view, anatomy, fluid)
    return image, inside


def _draw_airways(image: FloatArray, u: FloatArray, v: FloatArray, view: str) -> None:
    """Draw the air and the bone of the face, in place."""
    if view == "coronal":
        side = np.abs(u)
        dab(image, side, v, (0.29, 0.58, 0.10, 0.14, -12), 18, 0.05)
        dab(image, side, v, (0.07, 0.52, 0.04, 0.16), 28, 0.05)
        dab(image, u, v, (0, 0.80, 0.20, 0.05), 35, 0.05)
        dab(image, side, v, (0.26, 0.39, 0.12, 0.045, 15), 125, 0.05)
        return
    dab(image, u, v, (-0.46, 0.26, 0.18, 0.07, -10), 22, 0.05)
    dab(image, u, v, (-0.12, 0.52, 0.05, 0.26, -6), 20, 0.05)
    dab(image, u, v, (-0.44, 0.52, 0.20, 0.035, -5), 30, 0.05)
    dab(image, u, v, (-0.42, 0.64, 0.18, 0.09, 5), 120, 0.05)
    dab(image, u, v, (0.18, 0.56, 0.09, 0.29, 3), 30, 0.05)


def _draw_inner_brain(
    image: FloatArray, u: FloatArray, v: FloatArray, view: str, anatomy: Anatomy, fluid: float
) -> None:
    """Draw midline, ventricles and cord, in place."""
    scale, bright = anatomy.ventricles, 1.35 * anatomy.brain_level
    side = np.abs(u)
    if view == "axial":
        falx = np.maximum(side - np.float32(0.006), np.float32(0.34) - np.abs(v))
        falx = np.maximum(falx, np.abs(v) - np.float32(0.80))
        paint(image, cover(falx), bright)
        dab(image, u, v, (0, 0.80, 0.03, 0.025), bright)
        dab(image, side, v, (0.22, 0.0, 0.09, 0.17, -18), 0.92 * anatomy.brain_level, 0.05)
        dab(image, side, v, (0.09, -0.20, 0.045 * scale, 0.13 * scale, -14), fluid)
        dab(image, side, v, (0.15, 0.24, 0.045 * scale, 0.16 * scale, 20), fluid)
        dab(image, side, v, (0.55, -0.06, 0.11, 0.014, 12), fluid)
    elif view == "coronal":
        falx = np.maximum(side - np.float32(0.006), np.maximum(v + 0.44, -v - np.float32(0.76)))
        paint(image, cover(falx), bright)
        dab(image, side, v, (0.10, -0.27, 0.04 * scale, 0.11 * scale, -38), fluid)
        dab(image, u, v, (0, -0.10, 0.016 * scale, 0.07), fluid)
        dab(image, side, v, (0.45, -0.04, 0.13, 0.016, -10), fluid)
    else:
        arc = np.abs(ellipse(u, v, 0.06, -0.17, 0.34, 0.19)) - np.float32(0.028)
        paint(image, cover(np.maximum(arc, v + np.float32(0.19))), 1.22 * anatomy.brain_level)
        dab(image, u, v, (0.08, -0.22, 0.21 * scale, 0.045 * scale, -6), fluid)
        dab(image, u, v, (0.27, 0.10, 0.03 * scale, 0.06 * scale, -20), fluid)
        dab(image, u, v, (0.18, 0.55, 0.045, 0.29, 3), anatomy.brain_level)
