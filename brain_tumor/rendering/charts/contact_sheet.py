"""Contact sheets: small pictures of many scans, each with a caption."""

import bisect
import functools
import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, ImageOps

Grey = npt.NDArray[np.uint8]
LANCZOS = Image.Resampling.LANCZOS

MAX_SCANS = 24  # on a sheet of single scans
MAX_GROUPS = 12  # on a sheet of groups
MAX_IN_GROUP = 12  # two lines

_COLUMNS = 6  # fill the width of a page; the sheet is shown there at its own size
# Pixels.
_SIDE = 136
_GAP = 12
_LINE = 14
_LINES = 3
_TEXT = 11

# Grey levels that are neither glaring on a dark page nor dull on a light one.
_SHEET, _FRAME, _EDGE, _INK, _BEHIND = 236, 247, 176, 34, 216


def contact_sheet(images: Sequence[Grey], captions: Sequence[str], most: int = MAX_SCANS) -> bytes:
    """Lay one or more scans out in a grid, as a grey PNG file.

    Images, `(H, W)` each, may have any size; they are shown whole, scaled to fit, and those beyond
    `most` are left out. A long caption is wrapped, and shortened in its middle; its own line breaks
    are kept.
    """
    scans = list(zip(images, captions, strict=True))[:most]
    block = _grid(scans, _SHEET)
    return _png(ImageOps.expand(block, _GAP // 2, _SHEET))


def group_sheet(groups: Sequence[Sequence[tuple[Grey, str]]]) -> bytes:
    """Lay images and captions that belong together out in frames, as a grey PNG file.

    Small groups share a line, large ones are wrapped inside their frame. Groups beyond MAX_GROUPS
    are left out, and of each the scans beyond MAX_IN_GROUP, whose number is written in the frame.
    """
    lines: list[list[Image.Image]] = []
    free = 0
    for group in groups[:MAX_GROUPS]:
        width = min(_COLUMNS, len(group))
        if width > free:
            lines.append([])
            free = _COLUMNS
        lines[-1].append(_group(group))
        free -= width
    frames = [_framed(line) for line in lines]
    width = max(sum(frame.width + _GAP for frame in line) for line in frames)
    height = sum(line[0].height + _GAP for line in frames)
    sheet = Image.new("L", (width + _GAP, height + _GAP), _SHEET)
    top = _GAP
    for line in frames:
        left = _GAP
        for frame in line:
            sheet.paste(frame, (left, top))
            left += frame.width + _GAP
        top += line[0].height + _GAP
    return _png(sheet)


def _group(group: Sequence[tuple[Grey, str]]) -> Image.Image:
    block = _grid(group[:MAX_IN_GROUP], _FRAME)
    left_out = len(group) - MAX_IN_GROUP
    if left_out > 0:
        block = ImageOps.expand(block, (0, 0, 0, _LINE + _GAP // 2), _FRAME)
        place = (block.width // 2, block.height - _GAP // 2)
        ImageDraw.Draw(block).text(place, f"and {left_out:,} more", _INK, _font(), anchor="md")
    return block


def _framed(blocks: Sequence[Image.Image]) -> list[Image.Image]:
    """Put each group into a frame, all of one height."""
    height = max(block.height for block in blocks)
    inner = [ImageOps.expand(one, (0, 0, 0, height - one.height), _FRAME) for one in blocks]
    return [ImageOps.expand(one, 1, _EDGE) for one in inner]


def _grid(scans: Sequence[tuple[Grey, str]], ground: int) -> Image.Image:
    columns = min(_COLUMNS, len(scans))
    texts = [_fit(caption) for _, caption in scans]
    rows = -(-len(scans) // columns)
    # A row is as high as its longest caption wants.
    depths = [
        max(len(text) for text in texts[row * columns : (row + 1) * columns]) * _LINE
        for row in range(rows)
    ]
    cell = _SIDE + _GAP
    size = columns * cell, sum(cell + _GAP // 2 + depth for depth in depths)
    block = Image.new("L", size, ground)
    draw = ImageDraw.Draw(block)
    top = 0
    for number, ((image, _), text) in enumerate(zip(scans, texts, strict=True)):
        row, column = divmod(number, columns)
        left = column * cell + _GAP // 2
        tile = ImageOps.pad(Image.fromarray(image), (_SIDE, _SIDE), LANCZOS, _BEHIND)
        block.paste(tile, (left, top + _GAP // 2))
        for line, words in enumerate(text):
            place = (left + _SIDE // 2, top + _GAP // 2 + _SIDE + 3 + line * _LINE)
            draw.text(place, words, _INK, _font(), anchor="ma")
        if column == columns - 1:
            top += cell + _GAP // 2 + depths[row]
    return block


def _fit(caption: str) -> list[str]:
    """Break a caption into lines no wider than a scan, shortening it in the middle if need be."""
    parts = caption.splitlines()[:_LINES]
    kept = [len(part) for part in parts]
    while True:
        displayed = map(_without_middle, parts, kept)
        lines = [line for part in displayed for line in _wrap(part)]
        if len(lines) <= _LINES:
            return lines
        # Far too long a name is shortened faster: a line holds more letters than five.
        longest = kept.index(max(kept))
        kept[longest] = max(0, kept[longest] - max(1, 5 * (len(lines) - _LINES - 1)))


def _without_middle(words: str, kept: int) -> str:
    if kept == len(words):
        return words
    head = kept // 2
    return f"{words[:head]}…{words[len(words) - (kept - head) :]}"


def _wrap(words: str) -> list[str]:
    lines = []
    while _width(words) > _SIDE and len(words) > 1:
        ends = range(len(words) + 1)
        end = bisect.bisect_right(ends, float(_SIDE), key=lambda end: _width(words[:end])) - 1
        end = max(end, 1)
        # Between folders and words if that fills half the line, else between parts of a name.
        for separators in (" /", "_-"):
            breaks = [place + 1 for place in range(end) if words[place] in separators]
            if breaks and breaks[-1] > end // 2:
                end = breaks[-1]
                break
        lines.append(words[:end].rstrip())
        words = words[end:].lstrip()
    return [*lines, words]


def _width(words: str) -> float:
    return _font().getlength(words)


@functools.cache
def _font() -> ImageFont.FreeTypeFont:
    # DejaVu Sans travels with matplotlib and has letters for most file names; Pillow's own has few.
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), _TEXT)


def _png(sheet: Image.Image) -> bytes:
    file = io.BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return file.getvalue()
