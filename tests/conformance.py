"""Compare the reader with Pillow's and pydicom's own reading: `make conformance FOLDER=...`.

Every picture and DICOM frame below the folder is read by both. Prints how many agree within one
grey level, and lists the others with the reason of each.
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from pydicom import dcmread
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, pixel_array

from brain_tumor.data.files.dicom import PREAMBLE, is_dicom
from brain_tumor.data.files.folders import files_below
from brain_tumor.data.files.read import ScanReader, frames_of
from brain_tumor.data.files.scans import UndecodableScanError, UnreadableScanError
from brain_tumor.data.files.silence import silent
from brain_tumor.data.files.source import Scan

WEIGHTS = np.array([0.299, 0.587, 0.114])
NEAR = 1.5  # grey levels: one, and what rounding adds


def by_bulk(values: np.ndarray) -> np.ndarray:
    low, high = np.percentile(values, (0.5, 99.5))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return 255 * np.clip((values - low) / max(high - low, 1e-12), 0, 1)


def by_pydicom(path: Path, number: int) -> np.ndarray:
    dataset = dcmread(path, force=True)
    values = pixel_array(dataset, index=number)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(values, dataset)
        return colours[..., :3] @ WEIGHTS * (255 / np.iinfo(colours.dtype).max)
    if values.ndim == 3:
        return values @ WEIGHTS if values.dtype == np.uint8 else by_bulk(values @ WEIGHTS)
    found = apply_modality_lut(values, dataset)
    if dataset.get("VOILUTSequence"):
        seen = apply_voi_lut(found, dataset)
        seen = seen * (255 / (2 ** int(dataset.VOILUTSequence[0].LUTDescriptor[2]) - 1))
    elif dataset.get("WindowWidth") is not None and dataset.get("WindowCenter") is not None:
        seen = apply_voi_lut(found.astype(np.float64), dataset)
        bits, slope = dataset.BitsStored, float(dataset.get("RescaleSlope", 1))
        low = -(2 ** (bits - 1)) if dataset.PixelRepresentation else 0
        ends = np.array([low, low + 2**bits - 1]) * slope + float(
            dataset.get("RescaleIntercept", 0)
        )
        seen = 255 * (seen - ends[0]) / (ends[1] - ends[0])
    else:
        seen = by_bulk(found)
    return 255 - seen if dataset.PhotometricInterpretation == "MONOCHROME1" else seen


def by_pillow(path: Path, number: int) -> np.ndarray:
    with Image.open(path) as picture:
        picture.seek(number)
        upright = ImageOps.exif_transpose(picture)
        if upright.mode.startswith(("I", "F")):
            return by_bulk(np.asarray(upright, np.float64))
        return np.asarray(
            upright.convert("L" if upright.mode in ("L", "1") else "RGB").convert("L")
        )


def compared(path: Path, number: int | None) -> str:
    """Say how the two readings of a frame compare."""
    with silent():
        ours, theirs = None, None
        try:
            ours = ScanReader(path.parent).read(Scan(path.name, "", frame=number)).grey()
        except (UnreadableScanError, UndecodableScanError) as error:
            reason = str(error)
        begin = path.read_bytes()[:PREAMBLE]
        reference = by_pydicom if is_dicom(begin, path.name) else by_pillow
        try:
            theirs = reference(path, number or 0)
        except Exception as error:  # any library's own way to say no
            other = f"{type(error).__name__}: {error}"[:80].replace("\n", " ")
    if ours is None:
        return f"refused by both: {reason}" if theirs is None else f"REFUSED here alone: {reason}"
    if theirs is None:
        return f"read here alone ({other})"
    if ours.shape != theirs.shape:
        return f"DIFFERS: {ours.shape} and {theirs.shape}"
    difference = np.abs(ours - theirs.astype(np.float64))
    if difference.max() <= NEAR:
        return "agrees"
    return f"DIFFERS: {difference.mean():.1f} levels on average, {difference.max():.0f} at most"


def main() -> None:
    found = Counter[str]()
    for path in sorted(file for file in files_below(Path(sys.argv[1])) if file.is_file()):
        for number in frames_of(path):
            said = compared(path, number)
            found[said.split(":")[0].split(" (")[0]] += 1
            if said != "agrees" and "not a picture" not in said:
                print(path.name, "" if number is None else f"#{number + 1}", said)
    print(", ".join(f"{count:,} {kind}" for kind, count in found.most_common()))


if __name__ == "__main__":
    main()
