"""What a compressed frame says of its own size, read before anything decodes it.

A decoder makes room for as many pixels as the compressed bytes name, whatever the file around them
says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from brain_tumor.files.scans import UndecodableScanError

# Markers that begin a frame of JPEG (ITU T.81, table B.1) or of JPEG-LS (ITU T.87).
_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_PIXELS = 0xDA  # the marker that they follow
_LOSSY = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive
_JPEG, _JPEG_2000 = b"\xff\xd8", b"\xff\x4f\xff\x51"
_JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"  # JPEG 2000 within boxes (ITU T.800, annex I)


@dataclass(frozen=True)
class FrameSize:
    """Columns, rows, values per pixel, bits of each, and whether it is JPEG that loses some."""

    columns: int
    rows: int
    samples: int
    bits: int
    lossy: bool = field(default=False, compare=False, repr=False)


def frame_size(content: bytes) -> FrameSize | None:
    """Read the size that a JPEG, JPEG-LS or JPEG 2000 codestream names; None where it is neither.

    Example:
        >>> frame_size(bytes.fromhex("ffd8 ffc0 000b 08 0010 0020 01 01 11 00"))
        FrameSize(columns=32, rows=16, samples=1, bits=8)
    """
    if content.startswith(_JP2):
        content = content[_in_boxes(content) :]
    if content.startswith(_JPEG_2000):
        return _jpeg_2000(content)
    return next(
        (_jpeg(part, kind in _LOSSY) for kind, part in _jpeg_parts(content) if kind in _FRAMES),
        None,
    )


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


def check_codestream(content: bytes, says: FrameSize) -> None:
    """See that a frame of JPEG, JPEG-LS or JPEG 2000 decodes to what the file around it says.

    The file's bits are those that have room. Raises `UndecodableScanError`, also where the frame
    cannot be decoded here.
    """
    size = frame_size(content)
    if size is None or (content.startswith(_JPEG) and not size.lossy and not _is_sound(content)):
        raise UndecodableScanError("its compressed pixels are damaged")
    if (size.columns, size.rows, size.samples) != (says.columns, says.rows, says.samples) or (
        size.bits > says.bits
    ):
        raise UndecodableScanError("its compressed pixels are others than its header says")
    # By its first frame's marker: lossless JPEG and JPEG-LS of 12 bits are decoded.
    if size.lossy and size.bits == 12:
        raise UndecodableScanError(
            "its pixels are lossy JPEG of 12 bits, which is not decoded here: save it "
            "uncompressed (dcmdjpeg of DCMTK)"
        )


def check_run_length(content: bytes, says: FrameSize) -> None:
    """See that a frame of DICOM RLE exists, and decodes to no more than the file around it says."""
    if says.bits < 8:
        raise UndecodableScanError(
            f"its pixels are of {says.bits} bit and run-length encoded, which DICOM does not "
            "have: save it uncompressed"
        )
    planes = says.samples * says.bits // 8  # each may end with a byte that fills it
    if run_length(content) > planes * (says.rows * says.columns + 1):
        raise UndecodableScanError("its compressed pixels are more than its header says")


def _jpeg_parts(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Give marker and content of each part in front of the pixels, as long as one follows another.

    The last is that of the pixels, if all are whole.
    """
    place = 2 if content.startswith(_JPEG) else len(content)
    while place + 4 <= len(content) and content[place] == 0xFF:
        kind = content[place + 1]
        if kind == 0xFF:  # filling
            place += 1
        elif kind in _ALONE:
            place += 2
        else:
            end = place + 2 + _number(content, place + 2, 2)
            yield kind, content[place + 4 : end]
            if kind == _PIXELS:
                return
            place = end


def _is_sound(content: bytes) -> bool:
    """Tell whether libjpeg has nothing to warn of in front of the pixels: GDCM ends the process."""
    parts = list(_jpeg_parts(content))
    strange = any(
        (kind == 0xE0 and part[:5] == b"JFIF\0" and part[5:6] != b"\1")
        or (kind == 0xEE and part[:5] == b"Adobe" and part[11:12] > b"\2")
        for kind, part in parts
    )
    return bool(parts) and parts[-1][0] == _PIXELS and not strange


def _jpeg(header: bytes, lossy: bool) -> FrameSize | None:
    if len(header) < 6:
        return None
    return FrameSize(_number(header, 3, 2), _number(header, 1, 2), header[5], header[0], lossy)


def _in_boxes(content: bytes) -> int:
    """Give where the codestream begins in a JP2 file; its end where there is none."""
    place = 0
    while place + 8 <= len(content):
        length, kind = _number(content, place, 4), content[place + 4 : place + 8]
        head = 16 if length == 1 else 8
        if kind == b"jp2c":
            return place + head
        length = _number(content, place + 8, 8) if length == 1 else length
        if length < head:  # 0 runs to the end
            break
        place += length
    return len(content)


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
