"""What a compressed frame says of its own size, read before anything decodes it.

A decoder makes room for as many pixels as the compressed bytes name, whatever the file around them
says.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

# Markers that begin a frame of JPEG (ITU T.81, table B.1) or of JPEG-LS (ITU T.87).
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_JPEG, _JPEG_2000 = b"\xff\xd8", b"\xff\x4f\xff\x51"


@dataclass(frozen=True)
class FrameSize:
    """Columns, rows, values per pixel, and bits of each."""

    columns: int
    rows: int
    samples: int
    bits: int


def frame_size(content: bytes) -> FrameSize | None:
    """Read the size that a JPEG, JPEG-LS or JPEG 2000 codestream names; None where it is neither.

    Example:
        >>> frame_size(bytes.fromhex("ffd8 ffc0 000b 08 0010 0020 01 01 11 00"))
        FrameSize(columns=32, rows=16, samples=1, bits=8)
    """
    if content.startswith(_JPEG_2000):
        return _jpeg_2000(content)
    if not content.startswith(_JPEG):
        return None
    place = 2
    while place + 4 <= len(content):
        if content[place] != 0xFF:
            return None
        kind = content[place + 1]
        if kind == 0xFF:  # filling
            place += 1
        elif kind in _ALONE:
            place += 2
        elif kind in _FRAMES:
            return _jpeg(content[place + 4 : place + 10])
        else:
            place += 2 + _number(content, place + 2, 2)
    return None


def run_length(content: bytes) -> int:
    """Give how many bytes a DICOM RLE frame decodes to (PS3.5, annex G), without decoding it."""
    ends = [_number(content, place, 4, "little") for place in range(4, 64, 4)]
    count = min(_number(content, 0, 4, "little"), len(ends))
    starts = [*ends[:count], len(content)]
    total = 0
    for start, end in pairwise(starts):
        place, end = start, min(end, len(content))
        while place < end:
            length = content[place]
            total += 257 - length if length > 128 else length + 1 if length < 128 else 0
            place += 2 if length > 128 else length + 2 if length < 128 else 1
    return total


def _jpeg(header: bytes) -> FrameSize | None:
    if len(header) < 6:
        return None
    return FrameSize(_number(header, 3, 2), _number(header, 1, 2), header[5], header[0])


def _jpeg_2000(content: bytes) -> FrameSize | None:
    if len(content) < 43:
        return None
    right, bottom, left, top = (_number(content, place, 4) for place in (8, 12, 16, 20))
    samples = _number(content, 40, 2)
    return FrameSize(right - left, bottom - top, samples, (content[42] & 0x7F) + 1)


def _number(
    content: bytes, place: int, length: int, order: Literal["big", "little"] = "big"
) -> int:
    return int.from_bytes(content[place : place + length], order)
