"""Maps of what a network looked at, in colour over its scan, as pictures and as files."""

import re
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from brain_tumor.errors import DataError
from brain_tumor.predict.model import Model, Scans
from brain_tumor.predict.predictions import Prediction
from brain_tumor.predict.table import flags_of
from brain_tumor.rendering.foreign_text import visible

LONGEST = 60  # letters of a scan's own name that its overlay keeps
CAPTION = 44  # pixels of the two lines below
FONT = Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")  # most scripts of class names

# Brighter with every step, also in print and in every common form of colour blindness (van der Walt
# and Smith, 2015, bids.github.io/colormap); its dark end is where nothing is painted.
_COLOURS = "inferno"
_MAX = 0.65  # of the colour where the map has its peak, so that the scan is seen below it


def overlay(scan: npt.NDArray[np.uint8], cam: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Paint a map over a scan: more colour where it is higher, none where it is 0.

    Args:
        scan: `(H, W)`, uint8, 0-255.
        cam: `(H, W)`, 0-1, such as one of `gradcam`.

    Returns:
        `(H, W, 3)`, uint8, red, green and blue, 0-255.
    """
    share = _MAX * np.clip(cam, 0, 1)[..., None]
    colours = 255 * matplotlib.colormaps[_COLOURS](np.clip(cam, 0, 1))[..., :3]
    return np.asarray(np.rint((1 - share) * scan[..., None] + share * colours), np.uint8)


def check_overlays(folder: Path, overwrite: bool) -> None:
    """See that overlays can go into a folder, where nothing lies; nothing is written."""
    try:
        taken = folder.exists() and not folder.is_dir()
        taken = taken or (folder.is_dir() and not overwrite and any(folder.iterdir()))
    except OSError as error:
        raise _shut(folder, error) from error
    if taken:
        raise DataError(
            f"{folder} holds something already: give a new folder as overlays=..., or add "
            "overwrite=true where it is a folder."
        )


def write_overlays(
    folder: Path, model: Model, predictions: list[Prediction], scans: Scans, first: int
) -> list[str]:
    """Write an overlay for each of N scans, where the network sees its class; give the file names.

    `scans` are `(N, size, size)`, uint8; `first` is the number of the first of them among all,
    which begins the file's name.
    """
    if model.cam is None or not predictions:
        return [""] * len(predictions)
    numbers = np.array([model.classes.index(one.label) for one in predictions], np.int64)
    cams = model.cam(scans, numbers)
    names = [
        f"{first + place:06d}-{_plain(one.source or 'scan')}.png"
        for place, one in enumerate(predictions)
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, scan, cam, one in zip(names, scans, cams, predictions, strict=True):
            (folder / name).write_bytes(_png(labelled(scan, overlay(scan, cam), one)))
    except OSError as error:
        raise _shut(folder, error) from error
    return names


def labelled(
    scan: npt.NDArray[np.uint8], painted: npt.NDArray[np.uint8], prediction: Prediction
) -> npt.NDArray[np.uint8]:
    """Put a scan beside its overlay, and below them the class, its probability, and warnings.

    `scan` is `(H, W)`, `painted` `(H, W, 3)`; gives `(H + 44, 2 W, 3)`. All are uint8, 0-255, red
    first.
    """
    height, width = scan.shape
    canvas = Image.new("RGB", (2 * width, height + CAPTION))
    canvas.paste(Image.fromarray(scan), (0, 0))
    canvas.paste(Image.fromarray(painted), (width, 0))
    lines = [
        f"{prediction.label} {prediction.confidence:.3f}",
        ", ".join(flags_of(prediction))
        or "left: the scan; right: where the network sees this class",
    ]
    draw, font = ImageDraw.Draw(canvas), ImageFont.truetype(FONT, 14)
    for place, line in enumerate(lines):
        draw.text((6, height + 4 + 19 * place), visible(line), "white", font)
    return np.asarray(canvas)


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    blue_first = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", blue_first)[1].tobytes()


def _plain(source: str) -> str:
    """Give what any disk takes of a scan's name, without its ending."""
    path, _, frame = source.rpartition("/")[2].partition("#")
    stem = path.rpartition(".")[0] or path
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{stem}-{frame}" if frame else stem)[:LONGEST]


def _shut(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"The overlays cannot be written to {folder} ({error.strerror}): give another folder as "
        "overlays=..."
    )
