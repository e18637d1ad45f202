"""How a DICOM file asks for its values to be seen: rescaled, and through which window or table.

A value stands in a frame's own group, in that of all frames, or in the file.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.files.scans import Grey, UndecodableScanError
from brain_tumor.files.window import Values, Window

PALETTE = ("Red", "Green", "Blue")


def window_of(dataset: Any, number: int) -> Window | None:
    """Give the first window that is named for a frame; None where none is, or a wrong one."""
    names = ("WindowCenter", "WindowWidth", "VOILUTFunction")
    centre, width, function = _of_frame(dataset, number, "FrameVOILUTSequence", *names)
    if centre is None or width is None:
        return None
    window = Window(float(centre), float(width), str(function or "LINEAR"))
    return window if window.sound else None


def voi_table(dataset: Any, number: int) -> Any:
    """Give the table that stands in place of a frame's window; None where there is none.

    Where a file has both, the table counts, as in pydicom's `apply_voi_lut`.
    """
    return _of_frame(dataset, number, "FrameVOILUTSequence", "VOILUTSequence")[0]


def rescaled(
    dataset: Any, values: Values, number: int, little: bool
) -> tuple[Values, float, float]:
    """Give a frame's values, and the slope and intercept that are still to be applied.

    A ModalityLUTSequence stands in place of these, and is applied here.
    """
    table = _first([dataset], "ModalityLUTSequence")
    if table is not None:
        return look_up(values, table.LUTDescriptor, table.LUTData, little)[0], 1.0, 0.0
    names = ("RescaleSlope", "RescaleIntercept")
    slope, intercept = _of_frame(dataset, number, "PixelValueTransformationSequence", *names)
    found = 1.0 if slope is None else float(slope), 0.0 if intercept is None else float(intercept)
    if not np.isfinite(found).all() or not found[0]:
        raise UndecodableScanError("its RescaleSlope or RescaleIntercept cannot be")
    return values, *found


def of_palette(dataset: Any, values: Values, little: bool) -> Grey:
    """Turn the numbers of a palette's colours into grey by OpenCV's weights."""
    colours = []
    for colour in PALETTE:
        name = f"{colour}PaletteColorLookupTable"
        data = dataset.get(f"{name}Data")
        if data is None:
            raise UndecodableScanError(
                "a DICOM file whose palette is missing, or segmented, which is not read here: "
                "save it as PNG"
            )
        found, most = look_up(values, dataset[f"{name}Descriptor"].value, data, little)
        colours.append(np.rint(found * (255 / most)).astype(np.uint8))
    return np.asarray(cv2.cvtColor(np.stack(colours, -1), cv2.COLOR_RGB2GRAY), np.uint8)


def look_up(values: Values, descriptor: Any, data: Any, little: bool) -> tuple[Values, int]:
    """Put values through a table, LUTDescriptor and LUTData (PS3.3, C.11.1.1.1 and C.11.2.1.1).

    Returns:
        What stands for each value, and the largest number that the table can hold.
    """
    # Number of entries, the value that the first of them is for, bits of an entry.
    entries, first, bits = (int(number) for number in descriptor)
    entries = entries or 2**16
    if isinstance(data, bytes):
        single = len(data) - entries in (0, 1)  # one byte for each, and one that fills them up
        table = np.frombuffer(data, np.uint8 if single else "<u2" if little else ">u2")
    else:
        table = np.atleast_1d(np.asarray(data, np.int64) & 0xFFFF)
    if not 1 <= bits <= 16 or len(table) < entries:
        raise UndecodableScanError("its table of grey values (LUT) is damaged")
    if first >= 2**15 and values.min() < 0:  # written without its sign
        first -= 2**16
    if bits > 8 and table.dtype == np.uint8:
        bits = 8
    place = np.clip(np.rint(values).astype(np.int64) - first, 0, entries - 1)
    return table[:entries].astype(np.uint16)[place], 2**bits - 1


def padded(dataset: Any, values: Values) -> npt.NDArray[np.bool_] | None:
    """Tell which stored values are pixels around the picture; None where none is.

    By PixelPaddingValue and PixelPaddingRangeLimit.
    """
    ends = [_first([dataset], f"PixelPadding{name}") for name in ("Value", "RangeLimit")]
    if ends[0] is None:
        return None
    numbers = [float(end) for end in ends if end is not None]
    if dataset.get("PixelRepresentation"):  # they are read without the sign that this gives them
        numbers = [number - 2**16 if number >= 2**15 else number for number in numbers]
    found = (values >= min(numbers)) & (values <= max(numbers))
    return found if found.any() else None


def _of_frame(dataset: Any, number: int, group: str, *names: str) -> list[Any]:
    """Give elements of a frame: from its own group, that of all frames, or the file."""
    where: list[Any] = []
    for outer, place in (
        ("PerFrameFunctionalGroupsSequence", number),
        ("SharedFunctionalGroupsSequence", 0),
    ):
        groups = dataset.get(outer) or []
        if place < len(groups):
            where += (groups[place].get(group) or [])[:1]
    return [_first([*where, dataset], name) for name in names]


def _first(where: list[Any], name: str) -> Any:
    """Give the first value of an element, where it is found first; None where it has none."""
    for place in where:
        value = place.get(name)
        if value is not None and not isinstance(value, str) and hasattr(value, "__len__"):
            value = value[0] if len(value) else None
        if value not in (None, ""):
            return value
    return None
