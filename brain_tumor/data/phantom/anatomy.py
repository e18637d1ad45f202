"""Draw what the slices of one fake patient share, and name the classes and views there are.

Lengths are in *head units* unless said otherwise: 1 is half the height of the head, ``u`` points
right, ``v`` points down, and the origin is the middle of the head.
"""

from dataclasses import dataclass

import numpy as np

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
VIEWS = ("axial", "coronal", "sagittal")

# Where brain tissue lies in each view: u, v of the centre and both half axes, in head units.
BRAIN = {
    "axial": (0.0, 0.0, 0.65, 0.84),
    "coronal": (0.0, -0.23, 0.62, 0.58),
    "sagittal": (0.06, -0.28, 0.74, 0.54),
}


@dataclass(frozen=True)
class Anatomy:
    """What the slices of one patient share. Levels are grey values on the 0-255 scale."""

    label: str
    breadth: float  # of the head, relative to the usual one
    scalp_level: float
    brain_level: float
    fluid_level: float  # relative to the brain
    ventricles: float  # their size relative to the usual one
    scalp: float  # thickness
    facing: int  # 1 or -1, the side a sagittal head looks to
    mass_side: int  # 1 or -1, the hemisphere
    # These are 0-1 of their range: the mass as seen from the middle of the brain, the radius, and
    # how much brighter than the brain it is.
    mass_angle: float
    mass_depth: float
    mass_size: float
    mass_contrast: float
    lobes: tuple[float, float, float]  # phases of the waves on the outline of the mass, radians


def draw_anatomy(label: str, rng: np.random.Generator) -> Anatomy:
    """Draw what the slices of one patient share.

    The same numbers are drawn for every label, so nothing but the mass depends on it.
    """
    phases = rng.uniform(0, 2 * np.pi, 3)
    return Anatomy(
        label=label,
        breadth=float(rng.uniform(0.94, 1.06)),
        scalp_level=float(rng.uniform(140, 205)),
        brain_level=float(rng.uniform(80, 118)),
        fluid_level=float(rng.uniform(0.25, 0.55)),
        ventricles=float(rng.uniform(0.75, 1.3)),
        scalp=float(rng.uniform(0.065, 0.085)),
        facing=int(rng.choice((-1, 1))),
        mass_side=int(rng.choice((-1, 1))),
        mass_angle=float(rng.random()),
        mass_depth=float(rng.random()),
        mass_size=float(rng.random()),
        mass_contrast=float(rng.random()),
        lobes=(float(phases[0]), float(phases[1]), float(phases[2])),
    )
