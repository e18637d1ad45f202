"""From a scanner's values to grey: the window that its file asks for, or one found in the values.

Anything of other than 8 bits goes through here: DICOM, 16-bit and float pictures, arrays, volumes.
DICOM PS3.3, C.7.6.3.1.2 (photometric interpretation), C.11.1 (rescaling) and C.11.2 (windows).
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.files.scans import Grey, UndecodableScanError

# Share of the pixels, in per cent, that become black and white where no window is named. MRI has no
# unit, and the brightest vessels and spikes would darken all else.
DARKEST, BRIGHTEST = 0.5, 99.5

_BLOCK = 2**20  # values at a time: float64 takes four times the room of a scanner's 16 bits

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Window:
    """WindowCenter, WindowWidth and VOILUTFunction, in the unit after rescaling."""

    centre: float
    width: float
    function: str = "LINEAR"

    @property
    def sound(self) -> bool:
        """Whether the standard allows such a window: at least 1 wide if `LINEAR`, else above 0."""
        least = 1.0 if self.function == "LINEAR" else np.nextafter(0.0, 1.0)
        known = self.function in ("LINEAR", "LINEAR_EXACT", "SIGMOID")
        return known and bool(np.isfinite([self.centre, self.width]).all()) and self.width >= least


def show(
    values: Values,
    slope: float,
    intercept: float,
    window: Window | None,
    inverted: bool,
    padding: npt.NDArray[np.bool_] | None = None,
) -> Grey:
    """Bring a scanner's values, finite numbers `(H, W)`, to grey, `(H, W)`, uint8, 0-255.

    No window takes the values between the `DARKEST` and the `BRIGHTEST` pixels, or all where these
    are the same. Where it is inverted, as in MONOCHROME1, the lowest value is white. Padding,
    pixels around the picture, becomes black and does not decide the window.
    """
    if padding is not None and padding.all():
        return np.zeros(values.shape, np.uint8)
    if window is None:
        seen = values if padding is None else values[~padding]
        shares = np.percentile(seen, (0, DARKEST, BRIGHTEST, 100)) * slope + intercept
        lowest, dark, bright, highest = sorted(shares.tolist())
        low, high = (dark, bright) if bright > dark else (lowest, highest)
        # As LINEAR_EXACT the window ends at these values themselves; none has a width of 0.
        window = Window((low + high) / 2, max(high - low, 1e-12), "LINEAR_EXACT")
    grey = np.empty(values.size, np.uint8)
    flat = values.reshape(-1)
    for start in range(0, len(flat), _BLOCK):
        block = flat[start : start + _BLOCK].astype(np.float64) * slope + intercept
        grey[start : start + _BLOCK] = np.rint(_share(block, window) * 255)
    if inverted:
        np.subtract(255, grey, out=grey)
    shown = grey.reshape(values.shape)
    if padding is not None:
        shown[padding] = 0
    return shown


def to_eight_bits(values: Values, inverted: bool = False) -> Grey:
    """Bring a picture of other than 8 bits to grey, as DICOM without a window.

    From any numbers `(H, W)`, or `(H, W, 3)` red first, to `(H, W)`, uint8, 0-255.

    Raises:
        UndecodableScanError: They are no numbers.
    """
    if values.dtype == np.bool_ or values.dtype == np.float16:
        values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise UndecodableScanError("values that are no numbers")
    if values.ndim == 3:
        if values.dtype not in (np.uint16, np.float32):  # the others are not OpenCV's
            values = values.astype(np.float32)
        values = np.asarray(cv2.cvtColor(np.ascontiguousarray(values), cv2.COLOR_RGB2GRAY))
    return show(values, 1, 0, None, inverted)


def _share(values: npt.NDArray[np.float64], window: Window) -> npt.NDArray[np.float64]:
    centre, width = window.centre, window.width
    if window.function == "SIGMOID":
        with np.errstate(over="ignore"):  # far below the window: 1 / infinity is the right 0
            return np.asarray(1 / (1 + np.exp(-4 * (values - centre) / width)))
    if window.function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    if width == 0:
        return (values > centre).astype(np.float64)
    with np.errstate(over="ignore"):
        return np.clip((values - centre) / width + 0.5, 0, 1)
