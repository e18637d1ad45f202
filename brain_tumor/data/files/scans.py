"""Pictures: what kind of file each is, and its grey values."""

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

# 33.5 million, as in 5,793 x 5,793: four times a screen of 4K, twice a film of 35 x 43 cm digitised
# at 100 micrometres. Decoding and cutting one of 16 bits in colour takes about half a gigabyte.
MAX_PIXELS = 2**25

Grey = npt.NDArray[np.uint8]

_PNG = b"\x89PNG\r\n\x1a\n"
_TO_GREY = {3: cv2.COLOR_BGR2GRAY, 4: cv2.COLOR_BGRA2GRAY}  # by number of channels


class UnreadableScanError(ValueError):
    """The bytes of one file cannot be had; the reason is the message."""


class UndecodableScanError(ValueError):
    """The content of one file is no picture; the reason is the message."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself: format (`JPEG`), PIL mode (`RGB`), width and height in pixels."""

    format: str
    mode: str
    width: int
    height: int


def read_header(content: bytes) -> Header:
    """Read format, mode and size from a file's first bytes, without decoding its pixels.

    Raises:
        UndecodableScanError: No known picture format, or more pixels than `MAX_PIXELS`.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            header = Header(str(picture.format), picture.mode, *picture.size)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UndecodableScanError(f"more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:  # PIL raises a dozen kinds on damaged headers
        raise UndecodableScanError("not a picture") from error
    if header.width * header.height > MAX_PIXELS:
        raise UndecodableScanError(
            f"{header.width:,} x {header.height:,} pixels, more than {MAX_PIXELS:,}"
        )
    return header


def decode_grey(content: bytes) -> Grey:
    """Decode a picture by its content to grey values, `(H, W)`, uint8, 0-255.

    Colour is turned to grey by OpenCV's weights (0.299 R + 0.587 G + 0.114 B), as the report's
    "converted to grayscale from RGB"; transparency is dropped. Scans of other than 8 bits are
    scaled by their own maximum to 0-255, what is negative to 0: scanners use 12 of the 16 bits, and
    the upper byte alone would be black. Of several frames the first is taken.

    Args:
        content: A whole file whose size `read_header` has found small enough.

    Raises:
        UndecodableScanError: The bytes are no picture, a truncated one, or one whose header hides
            more pixels than `MAX_PIXELS`.
    """
    if content.startswith(_PNG):
        _check_chunks(content)
    encoded = np.frombuffer(content, np.uint8)
    picture = None
    if encoded.size:
        try:
            picture = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
        except cv2.error as error:  # a side that OpenCV does not take, say
            raise UndecodableScanError("not a picture that OpenCV can decode") from error
    if picture is None:
        raise UndecodableScanError("not a picture that OpenCV can decode")
    height, width, *channels = picture.shape
    if height * width > MAX_PIXELS:
        raise UndecodableScanError(f"{width:,} x {height:,} pixels, more than {MAX_PIXELS:,}")
    if channels and channels[0] not in _TO_GREY:
        raise UndecodableScanError(f"{channels[0]} channels")
    if picture.dtype != np.uint8:
        picture = eight_bits(picture)
    if channels:
        picture = cv2.cvtColor(picture, _TO_GREY[channels[0]])
    return np.asarray(picture, np.uint8)


def _check_chunks(content: bytes) -> None:
    # OpenCV 5 makes room for a chunk before it looks whether there is so much: one wrong bit in its
    # length costs up to 4 GB.
    place = len(_PNG)
    while place < len(content):
        kind = content[place + 4 : place + 8]
        place += 12 + int.from_bytes(content[place : place + 4], "big")  # with what is around it
        if place > len(content):
            raise UndecodableScanError("it is cut short, or the length of a part is wrong")
        if kind == b"IEND":
            return


def eight_bits(picture: npt.NDArray[Any]) -> Grey:
    """Scale values of other than 8 bits by their own maximum to 0-255, what is negative to 0.

    Raises:
        UndecodableScanError: They are no numbers.
    """
    most = float(picture.max())
    if not np.isfinite(most) or not np.isfinite(picture.min()):
        raise UndecodableScanError("values that are no numbers")
    scale = 255.0 / max(most, 1.0)
    grey = np.empty(picture.shape, np.uint8)
    for values, row in zip(picture, grey, strict=True):  # by rows: float64 takes 8 bytes a value
        row[:] = np.rint(np.maximum(values, 0) * scale)
    return grey
