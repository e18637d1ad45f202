"""From a whole scan to what a network sees: the same for training, scoring and new scans."""

from dataclasses import dataclass

from brain_tumor.data.prepared.crop import CropBox, CropSettings, cut_to_head, find_head
from brain_tumor.data.prepared.harmonise import HarmoniseSettings, harmonise
from brain_tumor.files.scans import Grey


class BlankScanError(ValueError):
    """Nothing in a scan stands out from the background; the reason is the message."""


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
