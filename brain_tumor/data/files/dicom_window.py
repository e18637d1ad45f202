"""How a DICOM file asks for its values to be seen: rescaled, and through which window.

A value stands in a frame's own group, in that of all frames, or in the file.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from brain_tumor.data.files.scans import UndecodableScanError
from brain_tumor.data.files.window import Window


def rescaling(dataset: Any, number: int) -> tuple[float, float]:
    """Give RescaleSlope and RescaleIntercept of a frame, 1 and 0 where there are none.

    Raises:
        UndecodableScanError: They are no numbers, or the slope is 0.
    """
    where = list(_groups(dataset, number, "PixelValueTransformationSequence"))
    slope, intercept = _first(where, "RescaleSlope"), _first(where, "RescaleIntercept")
    found = 1.0 if slope is None else float(slope), 0.0 if intercept is None else float(intercept)
    if not np.isfinite(found).all() or not found[0]:
        raise UndecodableScanError("its RescaleSlope or RescaleIntercept cannot be")
    return found


def window_of(dataset: Any, number: int) -> Window | None:
    """Give the first window that is named for a frame; None where none is, or a wrong one."""
    where = list(_groups(dataset, number, "FrameVOILUTSequence"))
    centre, width = _first(where, "WindowCenter"), _first(where, "WindowWidth")
    if centre is None or width is None:
        return None
    function = _first(where, "VOILUTFunction") or "LINEAR"
    window = Window(float(centre), float(width), str(function))
    return window if window.sound else None


def _groups(dataset: Any, number: int, name: str) -> Iterator[Any]:
    """Give what may hold a value of a frame: its own group, that of all frames, the file."""
    for outer, place in (
        ("PerFrameFunctionalGroupsSequence", number),
        ("SharedFunctionalGroupsSequence", 0),
    ):
        groups = dataset.get(outer) or []
        if place < len(groups):
            yield from (groups[place].get(name) or [])[:1]
    yield dataset


def _first(where: list[Any], name: str) -> Any:
    """Give the first value of an element, where it is found first; None where it has none."""
    for place in where:
        value = place.get(name)
        if value is not None and not isinstance(value, str) and hasattr(value, "__len__"):
            value = value[0] if len(value) else None
        if value not in (None, ""):
            return value
    return None
