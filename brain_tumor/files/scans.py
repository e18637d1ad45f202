"""What every reader of scans gives: grey values and a header, or a reason why not."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

# 33.5 million, as in 5,793 x 5,793: four times a screen of 4K, twice a film of 35 x 43 cm digitised
# at 100 micrometres. Decoding and cutting one of 16 bits in colour takes about half a gigabyte.
MAX_PIXELS = 2**25

Grey = npt.NDArray[np.uint8]

MAX_FRAMES = 10_000  # of a file


class ScanError(ValueError):
    """A scan that cannot be used; the message says why not."""

    kind: ClassVar[str]

    @property
    def reason(self) -> str:
        """The kind and the message, as a manifest has them: `unreadable: No such file`."""
        return f"{self.kind}: {self}"


class UnreadableScanError(ScanError):
    """The bytes of one file cannot be had."""

    kind = "unreadable"


class UndecodableScanError(ScanError):
    """The content of one file is no picture."""

    kind = "undecodable"


class BlankScanError(ScanError):
    """Nothing in a scan stands out from the background."""

    kind = "blank"


@dataclass(frozen=True)
class Header:
    """What a file says of itself: format (`JPEG`), PIL mode (`RGB`), width and height in pixels."""

    format: str
    mode: str
    width: int
    height: int


def check_size(width: int, height: int) -> None:
    """See that a picture has at most `MAX_PIXELS`, or raise `UndecodableScanError`."""
    if width * height > MAX_PIXELS:
        raise UndecodableScanError(f"{width:,} x {height:,} pixels, more than {MAX_PIXELS:,}")


def check_frames(frames: int) -> None:
    """See that a file has 1 to `MAX_FRAMES` frames, or raise `UndecodableScanError`."""
    if not 1 <= frames <= MAX_FRAMES:
        raise UndecodableScanError(f"{frames:,} frames, not 1 to {MAX_FRAMES:,}")
