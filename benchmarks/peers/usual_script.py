"""Preparing as the usual script does it: one scan after the other, with OpenCV alone."""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.turns import Turns
from brain_tumor.data.prepared.crop import CropSettings, cut_to_head, find_head


def prepare_folder(root: Path, out: Path, settings: CropSettings) -> int:
    """Read every scan as colour, turn it grey, cut it to the head, resize it, write a JPEG.

    No copies are sought, nothing is written down: the script does less than we do.

    Args:
        root: Holds folders with a folder per class.
        out: Gets the same folders.
        settings: How to find the head, and the side of the result.

    Returns:
        How many scans were read.
    """
    scans = 0
    for folder in sorted(root.glob("*/*/")):
        place = out / folder.relative_to(root)
        place.mkdir(parents=True)
        for path in sorted(folder.iterdir()):
            picture = cv2.imread(str(path))
            if picture is None:
                continue
            grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
            box = find_head(grey, settings)
            if box is not None:
                cut = cut_to_head(grey, box, settings.size)
                cv2.imwrite(str(place / f"{path.stem}.jpg"), cut)
            scans += 1
    return scans


def prepare(job: dict[str, Any], turns: Turns) -> None:
    """Prepare a folder per turn.

    Args:
        job: `root`, the raw folder; `crop`, the values of `CropSettings`; `scratch`.
        turns: Tell when.
    """
    settings = CropSettings(**job["crop"])
    while turns.wait():
        out = Path(tempfile.mkdtemp(dir=job["scratch"]))
        begun = time.perf_counter()
        scans = prepare_folder(Path(job["root"]), out, settings)
        seconds = time.perf_counter() - begun
        shutil.rmtree(out)
        os.sync()  # nothing is left to be written when the next side begins
        turns.done(seconds, scans)
