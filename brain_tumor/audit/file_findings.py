"""Oddities of single files, found in the manifest."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePosixPath

from brain_tumor.audit.results.scans import FileFinding, OddFile
from brain_tumor.data.prepared.manifest import UNUSABLE, ManifestRow

# What each format's files are usually called.
EXTENSIONS = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "PNG": {".png"},
    "BMP": {".bmp", ".dib"},
    "GIF": {".gif"},
    "TIFF": {".tif", ".tiff"},
    "WEBP": {".webp"},
}
PLAIN_MODES = {"L", "RGB"}
SMALL_SIDE = 128  # pixels; half of the report's 256: such a scan is enlarged at least twice
LONG_ASPECT = 2.0  # a head is never twice as long as it is wide
SMALL_CROP = 0.2  # of the frame: the largest bright region may not be the head
WHOLE_CROP = 0.995  # of the frame: nothing was cut away; a pixel at each side is always lost


def find_oddities(manifest: Sequence[ManifestRow]) -> list[FileFinding]:
    """Look for odd files; a finding without files says that no file has that oddity."""
    findings = []
    for name, (title, explanation, check) in _CHECKS.items():
        checked = ((row.path, check(row)) for row in manifest)
        files = tuple(OddFile(path, detail) for path, detail in checked if detail is not None)
        findings.append(FileFinding(name, title, explanation, len(files), files))
    return findings


def _unusable(row: ManifestRow, kind: str) -> str | None:
    return row.reason if row.reason.startswith(kind) else None


def _wrong_extension(row: ManifestRow) -> str | None:
    file, _, frame = row.path.rpartition("#")  # a.gif#2 is the second frame of a.gif
    extension = PurePosixPath(file if file and frame.isdecimal() else row.path).suffix.lower()
    if not row.format or extension in EXTENSIONS.get(row.format, {extension}):
        return None
    return f"{row.format} named {extension or 'without an extension'}"


def _odd_mode(row: ManifestRow) -> str | None:
    return f"{row.format} of mode {row.mode}" if row.mode and row.mode not in PLAIN_MODES else None


def _odd_size(row: ManifestRow) -> str | None:
    if row.width is None or row.height is None:
        return None
    short, long = sorted((row.width, row.height))
    odd = short < SMALL_SIDE or long > LONG_ASPECT * short
    return f"{row.width} x {row.height} pixels" if odd else None


def _crop(row: ManifestRow, least: float, below: float) -> str | None:
    box = (row.left, row.top, row.right, row.bottom, row.width, row.height)
    left, top, right, bottom, width, height = (0 if side is None else side for side in box)
    if row.status == UNUSABLE or not width or not height:
        return None
    # The box leaves out its last column and row, so that of a whole frame lacks one of each.
    share = (right - left + 1) * (bottom - top + 1) / (width * height)
    return f"{share:.1%} of the frame" if least <= share < below else None


_CHECKS: dict[str, tuple[str, str, Callable[[ManifestRow], str | None]]] = {
    "unreadable": (
        "Files that cannot be read",
        "They are left out of everything.",
        partial(_unusable, kind="unreadable"),
    ),
    "undecodable": (
        "Files that cannot be decoded",
        "They are left out of everything.",
        partial(_unusable, kind="undecodable"),
    ),
    "blank": (
        "Blank scans",
        "No region is brighter than the crop's threshold, or all is of one grey value. They are "
        "left out of everything.",
        partial(_unusable, kind="blank"),
    ),
    "wrong_extension": (
        "Files whose extension names another format",
        "They are decoded by their content here; other programs may skip or refuse them.",
        _wrong_extension,
    ),
    "odd_mode": (
        "Files of unusual pixel modes",
        "Transparency, palettes or 16 bits are turned to grey here; another program may see other "
        "pixels.",
        _odd_mode,
    ),
    "odd_size": (
        "Scans of odd sizes",
        f"A side shorter than {SMALL_SIDE} pixels, or one more than {LONG_ASPECT:g} times the "
        "other: they are much enlarged, or distorted, when brought to a square.",
        _odd_size,
    ),
    "small_crop": (
        "Crops that kept less than a fifth of the frame",
        "The largest bright region may be a part of the head, or no head.",
        partial(_crop, least=0, below=SMALL_CROP),
    ),
    "whole_crop": (
        "Crops that kept the whole frame",
        "Nothing was cut away: the head fills the frame, or the background is as bright.",
        partial(_crop, least=WHOLE_CROP, below=math.inf),
    ),
}
