"""Write a phantom folder whole or not at all: every file that a plan names, drawn and encoded."""

import contextlib
import io
import json
import tempfile
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brain_tumor.data.phantom.anatomy import Anatomy, draw_anatomy
from brain_tumor.data.phantom.image import DRAWN_SIZE, draw_slice
from brain_tumor.data.phantom.plan import PhantomScan, plan_scans
from brain_tumor.errors import DataError
from brain_tumor.files.table_file import read_named_table, write_table
from brain_tumor.settings import Range, Settings

Pixels = NDArray[np.uint8]

# Raised whenever the same settings give other bytes: no older folder is taken for a new one.
_DRAWING = 1
_TABLE, _SETTINGS, _README = "phantoms.csv", "phantoms.json", "README.txt"
_README_TEXT = """\
These brain MRI scans are FAKE.

A program drew them (brain_tumor/data/phantom). They show nobody, they are not medical images,
and no result obtained with them says anything about real tumours. phantoms.csv lists every file.
"""


@dataclass(frozen=True)
class PhantomSettings(Settings, key="data.phantom"):
    """What phantoms are drawn; the same settings give the same bytes."""

    patients_per_class: Annotated[int, Range(1)] = 26
    slices_per_patient: Annotated[int, Range(2)] = 5  # copies come on top
    seed: Annotated[int, Range(0)] = 0


def write_phantoms(root: Path, **numbers: Any) -> None:
    """Write a folder of phantoms, or use the one that is there if its settings are the same.

    The folder, which may be missing or empty, is made beside `root` and renamed into place, so it
    is whole or not there. Nothing that exists is overwritten or deleted. Numbers are those of
    `PhantomSettings`.

    Raises:
        ConfigError: A number is too small, or not a whole number.
        DataError: `root` holds something else, or phantoms of other settings, or only a part; or
            it cannot be written.
    """
    root, settings = root.absolute(), {"drawing": _DRAWING, **asdict(PhantomSettings(**numbers))}
    try:
        if _is_taken(root):
            _check_same(root, settings)
        else:
            _write_folder(root, settings)
    except OSError as error:
        raise DataError(
            f"Phantoms cannot be written to {root} ({error.strerror or error}): give a writable "
            "folder with free space as data.root=..."
        ) from error


def _write_folder(root: Path, settings: dict[str, int]) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{root.name}-", dir=root.parent) as half:
        beside = Path(half, root.name)
        beside.mkdir()
        patients, slices = settings["patients_per_class"], settings["slices_per_patient"]
        scans = _write_scans(beside, patients, slices, settings["seed"])
        columns = [field.name for field in fields(PhantomScan)]
        write_table(beside / _TABLE, columns, map(vars, sorted(scans, key=lambda s: s.path)))
        (beside / _README).write_text(_README_TEXT, encoding="utf-8")
        (beside / _SETTINGS).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        try:
            with contextlib.suppress(FileNotFoundError):
                root.rmdir()  # an empty folder; Windows does not rename over one
            beside.rename(root)
        except OSError:
            # Another process has written it meanwhile; if not the same, this raises.
            if not _is_taken(root):
                raise
            _check_same(root, settings)


def _is_taken(root: Path) -> bool:
    return root.is_symlink() or (root.exists() and (not root.is_dir() or any(root.iterdir())))


def _check_same(root: Path, settings: dict[str, int]) -> None:
    """Make sure that the folder at `root` holds these phantoms, all of them."""
    try:
        found = json.loads((root / _SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(
            f"{root} is not empty and holds no phantoms: give another folder as data.root=..."
        ) from None
    if found != settings:
        raise DataError(
            f"{root} holds phantoms of other settings ({found}, wanted {settings}): "
            "give another folder as data.root=..., or delete that one."
        )
    remedy = "delete its folder to have it written anew"
    _, lines = read_named_table(root / _TABLE, "table", remedy, ["path"])
    missing = [line["path"] for line in lines if not (root / line["path"]).is_file()]
    if missing:
        raise DataError(
            f"{root} lacks {len(missing)} of its {len(lines)} phantoms, {missing[0]} first: "
            "delete it to have it written anew."
        )


def _write_scans(root: Path, patients: int, slices: int, seed: int) -> list[PhantomScan]:
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
    return [scan for scan, _, _ in drawn]


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
