"""Draw, encode and write every file that a plan names."""

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brain_tumor.data.phantom.anatomy import Anatomy, draw_anatomy
from brain_tumor.data.phantom.image import DRAWN_SIZE, draw_slice
from brain_tumor.data.phantom.plan import plan_scans
from brain_tumor.data.phantom.truth import PhantomScan, PhantomTruth

Pixels = NDArray[np.uint8]


def write_scans(root: Path, patients: int, slices: int, seed: int) -> PhantomTruth:
    """Draw, encode and write every scan of the plan, below `root`."""
    plans = plan_scans(patients, slices, np.random.default_rng([seed, 0]))
    anatomies: dict[str, Anatomy] = {}
    drawn: list[tuple[PhantomScan, Pixels, bytes]] = []
    for index, plan in enumerate(plans):
        scan = plan.scan
        rng = np.random.default_rng([seed, 2, index])
        if plan.source is None:
            if scan.patient not in anatomies:
                patient = np.random.default_rng([seed, 1, int(scan.patient[1:])])
                anatomies[scan.patient] = draw_anatomy(scan.label, patient)
            scan, pixels = _draw_scan(scan, anatomies[scan.patient], rng)
            content = _encode(pixels, scan.kind, int(rng.integers(85, 96)))
        else:
            original, pixels, content = drawn[plan.source]
            mass_x = original.mass_x
            if scan.duplicate_of is None:
                pixels = np.ascontiguousarray(pixels[:, ::-1])
                content = _encode(pixels, scan.kind, int(rng.integers(85, 96)))
                mass_x = None if mass_x is None else round(scan.width - 1 - mass_x, 2)
            elif plan.saved_again:
                content = _encode(pixels, scan.kind, 90, compression=9)
            scan = replace(
                scan, mass_x=mass_x, mass_y=original.mass_y, mass_radius=original.mass_radius
            )
        drawn.append((scan, pixels, content))
        (root / scan.path).parent.mkdir(parents=True, exist_ok=True)
        (root / scan.path).write_bytes(content)
    return PhantomTruth(tuple(sorted((scan for scan, _, _ in drawn), key=lambda s: s.path)))


def _draw_scan(
    scan: PhantomScan, anatomy: Anatomy, rng: np.random.Generator
) -> tuple[PhantomScan, Pixels]:
    """Draw one planned scan at its size; ``(height, width)`` uint8."""
    image = draw_slice(anatomy, scan.view, rng, DRAWN_SIZE)
    side = min(scan.width, scan.height)
    resized = np.asarray(
        cv2.resize(image.pixels, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8
    )
    left, top = (scan.width - side) // 2, (scan.height - side) // 2
    pixels = np.zeros((scan.height, scan.width), np.uint8)
    pixels[top : top + side, left : left + side] = resized
    if image.mass is None:
        return scan, pixels
    x, y, radius = image.mass
    scale = side / DRAWN_SIZE
    # Pixel centres lie at half a pixel.
    return replace(
        scan,
        mass_x=round((x + 0.5) * scale - 0.5 + left, 2),
        mass_y=round((y + 0.5) * scale - 0.5 + top, 2),
        mass_radius=round(radius * scale, 2),
    ), pixels


def _encode(pixels: Pixels, kind: str, quality: int, compression: int = 1) -> bytes:
    """Encode grey pixels ``(H, W)`` uint8 as one kind of file."""
    if kind == "png-palette":
        stream = io.BytesIO()
        # A palette of greys, so that the decoded pixels are the ones drawn.
        Image.fromarray(pixels).convert("P").save(stream, "PNG", compress_level=compression)
        return stream.getvalue()
    channels: NDArray[np.uint8] | NDArray[np.uint16] = pixels
    if kind in ("jpeg-rgb", "png-rgb-named-jpg"):
        channels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    elif kind == "png-rgba":
        channels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGRA), np.uint8)
    elif kind == "png-16bit":
        # Scanners use 12 of the 16 bits.
        channels = np.rint(pixels.astype(np.float64) * (4095 / 255)).astype(np.uint16)
    if kind.startswith("jpeg"):
        done, content = cv2.imencode(".jpg", channels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    else:
        done, content = cv2.imencode(".png", channels, [cv2.IMWRITE_PNG_COMPRESSION, compression])
    if not done:
        raise RuntimeError(f"OpenCV could not encode a {kind} scan of {pixels.shape}")
    return bytes(content)
