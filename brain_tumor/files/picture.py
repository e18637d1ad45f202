"""Pictures: PNG, JPEG, TIFF, GIF, WebP, BMP, JPEG 2000, AVIF ..., every page or frame of them.

Single pictures and pages are decoded by OpenCV; films by Pillow, which tells how one frame lies on
the one before, and GIF and BMP too, whose transparency and 16 bits OpenCV takes otherwise.
"""

import io
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from PIL import Image

from brain_tumor.files.scans import (
    MAX_PIXELS,
    Grey,
    Header,
    UndecodableScanError,
    check_frames,
    check_size,
)
from brain_tumor.files.window import to_eight_bits

# Pixels of all frames of a film, which are decoded at once: each builds on the one before.
MAX_FILM = 4 * MAX_PIXELS

_PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_FILMS = ("GIF", "PNG", "WEBP", "AVIF")
_BY_PILLOW = ("GIF", "BMP")
_TO_GREY = {3: cv2.COLOR_BGR2GRAY, 4: cv2.COLOR_BGRA2GRAY}  # by number of channels
# Where Pillow has found what may name an orientation.
_EXIF = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")
# Tags of TIFF and of EXIF.
_ORIENTATION, _SUBFILE, _PHOTOMETRIC, _BITS, _PLANES = 274, 254, 262, 258, 284
_MIN_IS_WHITE = 0
_NO_PAGE = 1 | 4  # of the subfile's bits: a smaller copy of a page, a mask


@dataclass(frozen=True)
class PictureFile:
    """A picture, or several in one file.

    Attributes:
        header: What the file says of itself, or of its first picture; the size is that of the file,
            before it is turned upright.
    """

    header: Header
    _content: bytes = field(repr=False)
    _pages: tuple[tuple[int, bool], ...] = ((0, False),)  # number, and whether low is white
    _film: int = 0  # frames that Pillow decodes; 0 where OpenCV decodes the pages
    _orientation: int = 1
    _shots: list[Grey | UndecodableScanError] = field(default_factory=list, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def frames(self) -> int:
        """How many pictures there are: pages of a TIFF, frames of a film, else 1."""
        return self._film or len(self._pages)

    def frame(self, number: int) -> Grey:
        """Decode a picture, by its number from 0, to `(H, W)`, uint8, 0-255.

        Colour is turned to grey by OpenCV's weights (0.299 R + 0.587 G + 0.114 B), as the report's
        "converted to grayscale from RGB"; transparency is dropped. Values of other than 8 bits are
        brought to grey by `window.to_eight_bits`. An EXIF orientation is applied.

        Raises:
            UndecodableScanError: It is damaged, truncated, or hides more pixels than `MAX_PIXELS`.
        """
        if self._film:
            with self._lock:
                if not self._shots:
                    self._shots.extend(_shots(self._content, self._film))
            grey = self._shots[number]
            if isinstance(grey, UndecodableScanError):
                raise grey
        else:
            grey = _decode(self._content, *self._pages[number], self.header.format)
        return _upright(grey, self._orientation)


def open_picture(content: bytes) -> PictureFile:
    """Read the header of a whole picture file, without decoding its pixels.

    Raises:
        UndecodableScanError: No known format, more pixels than `MAX_PIXELS`, more frames than
            `MAX_FRAMES`, or a film of more than `MAX_FILM` pixels.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            header = Header(str(picture.format), picture.mode, *picture.size)
            check_size(header.width, header.height)
            if header.format == "TIFF":  # whose orientation OpenCV applies
                return PictureFile(header, content, _pages(picture))
            film = _film_length(picture) or int(_left_to_pillow(header.format, content))
            orientation = _orientation(picture)
    except UndecodableScanError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UndecodableScanError(f"more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:  # PIL raises a dozen kinds on damaged headers
        raise UndecodableScanError(_unknown(content)) from error
    if film:
        check_frames(film)
        if film * header.width * header.height > MAX_FILM:
            raise UndecodableScanError(
                f"{film:,} frames of {header.width:,} x {header.height:,} pixels, more than "
                f"{MAX_FILM:,} in all"
            )
    return PictureFile(header, content, _film=film, _orientation=orientation)


def decode_grey(content: bytes) -> Grey:
    """Decode a picture, of several the first, `(H, W)`, uint8; raises as `PictureFile.frame`."""
    return open_picture(content).frame(0)


def _upright(grey: Grey, orientation: int) -> Grey:
    """Bring a picture upright by its orientation, 1 to 8 (EXIF 2.32, 4.6.4)."""
    if not 2 <= orientation <= 8:
        return grey
    turned = grey.T if orientation > 4 else grey
    rows, columns = (-1 if orientation % 4 in sides else 1 for sides in ((0, 3), (2, 3)))
    return np.ascontiguousarray(turned[::rows, ::columns])


def _film_length(picture: Image.Image) -> int:
    """Give the number of frames; 0 for a single picture."""
    frames = getattr(picture, "n_frames", 1) if picture.format in _FILMS else 1
    return frames if frames != 1 else 0


def _left_to_pillow(kind: str, content: bytes) -> bool:
    # Of a PNG film whose frames are not as announced its plain picture is shown.
    return kind in _BY_PILLOW or (kind == "PNG" and b"acTL" in content[: content.find(b"IDAT")])


def _orientation(picture: Image.Image) -> int:
    if not any(name in picture.info for name in _EXIF):  # PIL would decode all of a PNG to look
        return 1
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged metadata are no reason against a picture
        return 1


def _pages(picture: Any) -> tuple[tuple[int, bool], ...]:
    """List the pages of a TIFF, without smaller copies of them and masks."""
    pages = []
    number = 0
    while True:
        try:
            picture.seek(number)
        except EOFError:
            break
        except Exception:  # a page that cannot be read gets its reason when it is decoded
            pages.append((number, False))
            break
        check_frames(number + 1)
        tags = picture.tag_v2
        if not number or not int(tags.get(_SUBFILE, 0)) & _NO_PAGE:
            check_size(*picture.size)
            bits = tags.get(_BITS, ())
            if tags.get(_PLANES) == 2 and len(bits) > 1 and max(bits) > 8:  # OpenCV leaves gaps
                raise UndecodableScanError(_damaged("TIFF"))
            pages.append((number, tags.get(_PHOTOMETRIC) == _MIN_IS_WHITE))
        number += 1
    return tuple(pages)


def _decode(content: bytes, page: int, inverted: bool, kind: str) -> Grey:
    if content.startswith(_PNG):
        _check_chunks(content)
    encoded = np.frombuffer(content, np.uint8)
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    picture = None
    with suppress(cv2.error):  # a side that OpenCV does not take, say
        if page:
            found, several = cv2.imdecodemulti(encoded, flags, range=(page, page + 1))
            picture = several[0] if found and several else None
        else:
            picture = cv2.imdecode(encoded, flags)
    if picture is None:
        raise UndecodableScanError(_damaged(kind))
    height, width, *channels = picture.shape
    check_size(width, height)
    if channels and channels[0] not in _TO_GREY:
        raise UndecodableScanError(f"{channels[0]} channels")
    if picture.dtype == np.uint8:  # OpenCV has inverted these
        return np.asarray(
            cv2.cvtColor(picture, _TO_GREY[channels[0]]) if channels else picture, np.uint8
        )
    if channels:
        picture = picture[..., 2::-1]
    return to_eight_bits(picture, inverted)


def _shots(content: bytes, frames: int) -> list[Grey | UndecodableScanError]:
    """Decode all frames of a film; those behind a damaged one are lost with it."""
    shots: list[Grey | UndecodableScanError] = []
    try:
        picture: Any
        with Image.open(io.BytesIO(content)) as picture:
            for number in range(frames):
                picture.seek(number)
                check_size(*picture.size)
                # Pillow lays a PNG film's next frame on this, and draws the shown one into it.
                below = getattr(picture, "_prev_im", None) if picture.format == "PNG" else None
                kept = None if below is None else below.copy()
                shots.append(grey_of_pillow(picture))
                if kept is not None:
                    picture._prev_im = kept
    except UndecodableScanError as error:
        shots.append(error)
    except Exception:  # PIL raises a dozen kinds on damaged pixels
        number = len(shots) + 1
        said = f"frame {number} of {frames} is damaged" if frames > 1 else "its pixels are damaged"
        shots.append(UndecodableScanError(said))
    return shots + shots[-1:] * (frames - len(shots))


def grey_of_pillow(picture: Image.Image) -> Grey:
    """Turn a picture of Pillow's into grey values `(H, W)`, uint8, as `PictureFile.frame` does.

    Pillow decodes late, and raises a dozen kinds of exceptions.
    """
    if picture.mode.startswith(("I", "F")):  # I;16 and its like begin with I
        return to_eight_bits(np.asarray(picture))
    if picture.mode in ("L", "1", "LA"):
        return np.array(picture.convert("L"), np.uint8)
    colour = np.asarray(picture.convert("RGB"))
    return np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), np.uint8)


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


def _unknown(content: bytes) -> str:
    tiff = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    marks = {"PNG": (_PNG,), "JPEG": (JPEG,), "TIFF": tiff, "GIF": (b"GIF8",), "BMP": (b"BM",)}
    found = next((name for name, mark in marks.items() if content.startswith(mark)), None)
    return "not a picture" if found is None else _damaged(found)


def _damaged(kind: str) -> str:
    return f"a picture ({kind}) that is damaged, or of a kind that is not read: save it as PNG"
