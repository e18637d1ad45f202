"""Raw scans on disk: find them, read what kind of file each is, decode them to grey values."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from brain_tumor.errors import DataError

FOLDERS = ("Training", "Testing")

Grey = npt.NDArray[np.uint8]


class UndecodableScanError(ValueError):
    """The content of one file is no picture; the reason is the message."""


@dataclass(frozen=True)
class Scan:
    """One raw file: its POSIX path relative to the root, published folder and class."""

    path: str
    folder: str
    label: str


@dataclass(frozen=True)
class Header:
    """What a file says of itself: format (`JPEG`), PIL mode (`RGB`), width and height in pixels."""

    format: str
    mode: str
    width: int
    height: int


def find_scans(root: Path, classes: Sequence[str]) -> list[Scan]:
    """List every file of every class folder, by folder, class and name.

    Args:
        root: Folder that holds `Training` and `Testing`, each with one folder per class.
        classes: Class folder names that have to be there; no others may be.

    Returns:
        Training scans first, then Testing, each sorted by path. Hidden files are left out; any
        other file counts, whatever its extension.

    Raises:
        DataError: A folder is missing, a class folder is unknown, or a class has no file.
    """
    layout = f"a folder with {' and '.join(FOLDERS)}, each holding {', '.join(classes)}"
    if not root.is_dir():
        raise DataError(
            f"There is no folder {root}: give data.root={layout}, or use data=phantom to try "
            "the program without scans."
        )
    scans: list[Scan] = []
    for folder in FOLDERS:
        place = root / folder
        if not place.is_dir():
            there = (
                ", ".join(sorted(p.name for p in root.iterdir() if not _hidden(p))[:6]) or "nothing"
            )
            raise DataError(
                f"{root} has no folder {folder} (it holds {there}): give data.root={layout}."
            )
        found = subfolders(place)
        if found != sorted(classes):
            raise DataError(
                f"{place} holds the class folders {', '.join(found) or 'none'}, expected "
                f"{', '.join(sorted(classes))}: rename them, or set data.classes."
            )
        for label in sorted(classes):
            files = sorted(files_below(place / label))
            if not files:
                raise DataError(
                    f"{place / label} has no file: copy the scans of that class there, "
                    "or give another data.root."
                )
            scans += [Scan(p.relative_to(root).as_posix(), folder, label) for p in files]
    return scans


def read_scan(root: Path, scan: Scan) -> bytes:
    """Read the bytes of a raw file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return (root / scan.path).read_bytes()
    except OSError as error:
        raise DataError(
            f"{root / scan.path} cannot be read ({error.strerror}): mend its permissions or "
            "take it out of the folder."
        ) from error


def read_header(content: bytes) -> Header:
    """Read format, mode and size from a file's first bytes, without decoding its pixels.

    Raises:
        UndecodableScanError: No known picture format.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return Header(str(picture.format), picture.mode, *picture.size)
    except Exception as error:  # PIL raises a dozen kinds on damaged headers
        raise UndecodableScanError("not a picture") from error


def decode_grey(content: bytes) -> Grey:
    """Decode a JPEG or PNG by its content to grey values, `(H, W)`, uint8, 0-255.

    Colour is turned to grey by OpenCV's weights (0.299 R + 0.587 G + 0.114 B), as the report's
    "converted to grayscale from RGB"; transparency is dropped. Scans of 16 bits are scaled by
    their own maximum to 0-255: scanners use 12 of the 16 bits, and the upper byte alone would be
    black.

    Raises:
        UndecodableScanError: The bytes are no picture, or a truncated one.
    """
    encoded = np.frombuffer(content, np.uint8)
    picture = None
    if encoded.size:
        picture = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise UndecodableScanError("not a picture that OpenCV can decode")
    if picture.dtype != np.uint8:
        scale = 255.0 / max(float(picture.max()), 1.0)
        picture = np.rint(picture * scale).astype(np.uint8)
    if picture.ndim == 3:
        to_grey = cv2.COLOR_BGRA2GRAY if picture.shape[2] == 4 else cv2.COLOR_BGR2GRAY
        picture = cv2.cvtColor(picture, to_grey)
    return np.asarray(picture, np.uint8)


def subfolders(folder: Path) -> list[str]:
    """Give the names of the folders in a folder, sorted, without hidden ones."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not _hidden(path))


def files_below(folder: Path) -> Iterator[Path]:
    """Give every file below a folder, at any depth.

    Neither hidden files nor anything in a hidden folder, such as a notebook's checkpoints.
    """
    for path in folder.iterdir():
        if not _hidden(path):
            if path.is_dir():
                yield from files_below(path)
            else:
                yield path


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")
