"""From a whole scan to what a network sees, harmonised if asked: without what gives classes away.

The classes of the report's set come from different sources: their scans differ in raw size, in the
scanner's window and in what stands around the head. `python -m brain_tumor.audit` measures how much
each of these tells, with and without the steps here.
"""

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from brain_tumor.data.prepared.crop import CropBox, CropSettings, cut_to_head, find_head, head_mask
from brain_tumor.errors import ConfigError
from brain_tumor.files.scans import BlankScanError, Grey
from brain_tumor.settings import Range, Settings

# Grey values that `standardise` aims at: a little brighter and wider than most scans of the Kaggle
# set, and narrow enough that little is clipped at either end.
MEDIAN = 100
INTERQUARTILE_RANGE = 34


@dataclass(frozen=True)
class HarmoniseSettings(Settings, key="data.harmonise"):
    """What is taken out of the kept scans."""

    # Side in pixels that every cut head is brought to before the final resize.
    resolution: Annotated[int, Range(32)] | None
    intensity: bool  # the grey values of the head are standardised (`standardise`)
    background: bool  # what lies outside the head becomes 0 (`crop.head_mask`)
    mask: bool  # the head's shape, filled, is given in place of the scan: a control

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mask and self.intensity:
            raise ConfigError(
                "data.harmonise.mask leaves no grey values to standardise: set it, or "
                "data.harmonise.intensity, to false."
            )

    @property
    def off(self) -> bool:
        """Whether nothing is taken out."""
        return not (self.resolution or self.intensity or self.background or self.mask)


@dataclass(frozen=True)
class CutHead:
    """The head of a scan, cut out."""

    box: CropBox  # where it lies in the scan
    plain: Grey  # cut and resized, `(size, size)`, uint8, 0-255
    pixels: Grey  # the same harmonised, which is what a network takes


def cut_head(scan: Grey, crop: CropSettings, settings: HarmoniseSettings) -> CutHead:
    """Find the head in a whole scan `(H, W)`, cut it out and harmonise it.

    Raises:
        BlankScanError: There is none, or the scan has one grey value everywhere.
    """
    if scan.min() == scan.max():
        raise BlankScanError("one grey value everywhere")
    box = find_head(scan, crop)
    if box is None:
        raise BlankScanError(f"no region brighter than {crop.threshold}")
    plain = cut_to_head(scan, box, crop.size)
    pixels = plain if settings.off else harmonise(scan, box, crop, settings)
    return CutHead(box, plain, pixels)


def harmonise(scan: Grey, box: CropBox, crop: CropSettings, settings: HarmoniseSettings) -> Grey:
    """Cut a scan to the head, and take out what the settings name.

    The scan is the whole raw one. With every setting off it is `crop.cut_to_head`, to the last bit.

    Returns:
        `(size, size)`, uint8, 0-255; 0 and 255 alone for `mask`.
    """
    inside = np.s_[box.top : box.bottom, box.left : box.right]
    cut = scan[inside]
    if settings.intensity or settings.background or settings.mask:
        head = head_mask(scan, crop)[inside]
        if settings.mask:
            cut = head
        if settings.intensity:
            cut = standardise(cut, head)
        if settings.background:
            cut = np.asarray(cv2.bitwise_and(cut, head), np.uint8)
    if settings.resolution is not None:
        cut = limit_resolution(cut, settings.resolution)
    resized = cv2.resize(cut, (crop.size, crop.size))
    if settings.mask:
        # Interpolation has made the outline grey.
        resized = cv2.threshold(resized, 127, 255, cv2.THRESH_BINARY)[1]
    return np.asarray(resized, np.uint8)


def standardise(scan: Grey, head: Grey) -> Grey:
    """Give the head's grey values a fixed median and a fixed interquartile range.

    Quartiles rather than mean and standard deviation: the latter move with the scalp's fat, with a
    tumour that took up contrast agent, and where the scanner's window ends. What this takes from
    the shortcuts is measured in `experiments/shortcuts`. `head` is that of `crop.head_mask`.

    Returns:
        `(H, W)`, uint8: in the head `MEDIAN + (grey - median) * INTERQUARTILE_RANGE / (upper
        quartile - lower quartile)`, rounded and clipped to 0-255; elsewhere the scan as it was.
    """
    counts = cv2.calcHist([scan], [0], head, [256], [0, 256]).ravel()
    share = np.cumsum(counts, dtype=np.float64) / max(float(counts.sum()), 1.0)
    lower, median, upper = np.searchsorted(share, (0.25, 0.5, 0.75))
    # Where half of the head is of one grey value, a range of 1 keeps the gain finite.
    gain = INTERQUARTILE_RANGE / max(int(upper - lower), 1)
    greys = MEDIAN + (np.arange(256) - median) * gain
    table = np.clip(np.rint(greys), 0, 255).astype(np.uint8)
    return np.asarray(cv2.copyTo(cv2.LUT(scan, table), head, scan.copy()), np.uint8)


def limit_resolution(scan: Grey, side: int) -> Grey:
    """Bring a scan to `(side, side)` pixels, each the mean of those it replaces.

    An axis of fewer pixels is interpolated instead, and stays as blurred as it was.
    """
    height, width = scan.shape
    # OpenCV takes means only where no axis grows, so those that shrink go first.
    fewer = (min(width, side), min(height, side))
    shrunk = cv2.resize(scan, fewer, interpolation=cv2.INTER_AREA)
    # Grown to the full side even where the resize that follows would do it in one step: its
    # traces would tell the raw size.
    return np.asarray(cv2.resize(shrunk, (side, side)), np.uint8)
