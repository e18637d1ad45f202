"""How Pillow, pydicom and nibabel read a file, brought to grey values as the package shows them.

What a library reads comes from the library alone: orientation, palettes, rescaling, windows, tables
and axes. Only the package's own choices are done again here, in other words: the bulk of the values
where no window is named, padding in black, how a slice is turned, and which slices and pages count.
"""

from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image, ImageOps
from pydicom import Dataset, dcmread
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, pixel_array

WEIGHTS = np.array([0.299, 0.587, 0.114])
_COLOURS = ("Red", "Green", "Blue")


class NotComparableError(ValueError):
    """The library gives less than the file holds."""


def by_bulk(values: np.ndarray, seen: np.ndarray | None = None) -> np.ndarray:
    """Bring the values from the darkest to the brightest 0.5 % to 0-255."""
    seen = values if seen is None else seen
    low, high = np.percentile(seen, (0.5, 99.5))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return 255 * np.clip((values - low) / max(high - low, 1e-12), 0, 1)


def by_pillow(path: Path, number: int) -> np.ndarray:
    """Read a picture, or the frame or page of that number."""
    with Image.open(path) as picture:
        picture.seek(number)
        upright = ImageOps.exif_transpose(picture)
        tags = getattr(picture, "tag_v2", {})
        if upright.mode in ("RGB", "RGBA") and max(tags.get(258, (8,))) > 8:
            raise NotComparableError("Pillow keeps 8 of its 16 bits")
        if upright.mode.startswith(("I", "F")):
            return by_bulk(np.asarray(upright, np.float64))
        if upright.mode == "L" and 2 in tags.get(339, ()):  # which Pillow takes without its sign
            return by_bulk(np.asarray(upright).view(np.int8).astype(np.float64))
        return np.asarray(
            upright.convert("L" if upright.mode in ("L", "1") else "RGB").convert("L")
        )


def frames_by_pillow(path: Path) -> int:
    """Count frames or pages; a smaller copy of a page, or a mask, is none (TIFF 6.0, tag 254)."""
    with Image.open(path) as picture:
        number = getattr(picture, "n_frames", 1)
        if picture.format != "TIFF":
            return number if picture.format in ("GIF", "PNG", "WEBP", "AVIF") else 1
        kinds = []
        for place in range(number):
            picture.seek(place)
            kinds.append(picture.tag_v2.get(254, 0))
        return 1 + sum(not kind & 0b101 for kind in kinds[1:])


def frames_by_pydicom(path: Path) -> int:
    """Count the frames that the header names."""
    return int(dcmread(path, force=True, stop_before_pixels=True).get("NumberOfFrames") or 1)


def by_pydicom(path: Path, number: int) -> np.ndarray:
    """Read a DICOM file's frame of that number through its modality and VOI tables or window."""
    dataset = dcmread(path, force=True)
    values = pixel_array(dataset, index=number)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(values, _little_palette(dataset))
        return colours[..., :3] @ WEIGHTS * (255 / np.iinfo(colours.dtype).max)
    if values.ndim == 3:
        return values @ WEIGHTS if values.dtype == np.uint8 else by_bulk(values @ WEIGHTS)
    ends = [
        float(dataset[name].value)
        for name in ("PixelPaddingValue", "PixelPaddingRangeLimit")
        if name in dataset
    ]
    padding = (
        (values >= min(ends)) & (values <= max(ends)) if ends else np.zeros(values.shape, bool)
    )
    _of_frame(dataset, number)
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
        inside = found if padding.all() else found[~padding]
        seen = by_bulk(np.where(padding, inside.min(), found), inside)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        seen = 255 - seen
    return np.where(padding, 0, seen)


def by_nibabel(path: Path) -> list[np.ndarray]:
    """Read a volume, and give its axial slices from the lowest to the highest."""
    image = nibabel.load(path)
    if not isinstance(image, nibabel.spatialimages.SpatialImage):
        raise NotComparableError("no volume")
    return _axial(image)


def series_by_pydicom(paths: Sequence[Path]) -> list[np.ndarray]:
    """Read the files of a series as a volume, and give its axial slices."""
    files = [dcmread(path, force=True) for path in paths]
    row, column = np.array(files[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(row, column)
    files.sort(key=lambda one: float(np.array(one.ImagePositionPatient, float) @ normal))
    values = np.stack([apply_modality_lut(one.pixel_array, one) for one in files], -1)
    first, last = (np.array(files[end].ImagePositionPatient, float) for end in (0, -1))
    affine = np.eye(4)
    affine[:3, 0] = column * float(files[0].PixelSpacing[0])
    affine[:3, 1] = row * float(files[0].PixelSpacing[1])
    affine[:3, 2] = (last - first) / (len(files) - 1)
    affine[:3, 3] = first
    affine[:2] *= -1  # DICOM counts to the left and back, nibabel to the right and front
    return _axial(nibabel.Nifti1Image(values.astype(np.float32), affine))


def with_head(slices: Sequence[np.ndarray]) -> list[int]:
    """Number the slices between the first and the last with a quarter of the fullest's head."""
    heads = np.array([np.mean(grey > 32) for grey in slices])
    full = np.flatnonzero(heads > heads.max() / 4)
    return [*range(full.min(), full.max() + 1)] if len(full) else []


def _axial(image: nibabel.spatialimages.SpatialImage) -> list[np.ndarray]:
    upright = nibabel.as_closest_canonical(image)
    values = upright.get_fdata(dtype=np.float32)
    values = values.reshape(*values.shape[:3], -1)[..., 0]  # of several volumes the first
    values = np.where(np.isfinite(values), values, np.nanmin(values[np.isfinite(values)]))
    grey = by_bulk(values, values[values > values.min()])
    wide, high = nibabel.affines.voxel_sizes(upright.affine)[:2]
    size = [
        max(1, round(number * one / min(wide, high)))
        for number, one in zip(values.shape[:2], (wide, high), strict=True)
    ]
    return [
        np.asarray(
            Image.fromarray(
                np.ascontiguousarray(np.fliplr(np.rot90(plane))).astype(np.float32)
            ).resize(size, Image.Resampling.BILINEAR)
        )
        for plane in np.moveaxis(np.rint(grey), 2, 0)
    ]


def _of_frame(dataset: Dataset, number: int) -> None:
    """Put what stands in the groups of all frames and of one into the file's own elements."""
    groups = [
        *(dataset.get("SharedFunctionalGroupsSequence") or [])[:1],
        *(dataset.get("PerFrameFunctionalGroupsSequence") or [])[number : number + 1],
    ]
    for group in groups:
        for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            for item in (group.get(name) or [])[:1]:
                for element in item:
                    dataset.add(element)


def _little_palette(dataset: Dataset) -> Dataset:
    """Bring a palette of 16 bits to the order of bytes that pydicom takes each for."""
    if not dataset.original_encoding[1]:
        for colour in _COLOURS:
            name = f"{colour}PaletteColorLookupTableData"
            entries = np.frombuffer(dataset.get(name, b""), ">u2")  # none where it is segmented
            if len(entries):
                setattr(dataset, name, entries.astype("<u2").tobytes())
    return dataset
