"""Files that a folder of scans should not hold, and how each is made."""

import io
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from phantoms import draw_phantom
from PIL import Image

KEPT = "kept"


def phantom(seed: int, side: int = 200) -> np.ndarray:
    return draw_phantom("glioma", "axial", np.random.default_rng([5, seed]), side).pixels


def encoded(pixels: np.ndarray | Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    ends = struct.pack(">I", len(content)), struct.pack(">I", zlib.crc32(kind + content))
    return ends[0] + kind + content + ends[1]


def png_of(width: int, height: int, content: bytes, bits: int = 1) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", content), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bomb(side: int = 30_000) -> bytes:
    """A PNG of 110 KB that decodes to 900 million pixels."""
    packed = zlib.compressobj(1)
    line = b"\0" * (1 + side // 8)
    content = b"".join(packed.compress(line) for _ in range(side))
    return png_of(side, side, content + packed.flush())


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header names another size than its content has."""
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + struct.pack(">HH", height, width) + jpeg[place + 4 :]


def with_text(png: bytes, content: bytes) -> bytes:
    """A PNG with a compressed text in front of its pixels."""
    return png[:33] + chunk(b"zTXt", b"note\0\0" + content) + png[33:]


def frames(kind: str, seed: int, **options: object) -> bytes:
    pictures = [Image.fromarray(phantom(seed + i)) for i in range(3)]
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], **options)


def lossless(seed: int) -> bytes:
    return encoded(phantom(seed), "PNG")


def of_bytes(content: Callable[[], bytes]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content()) and None


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(8 * 2**30)


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # an address of a socket has 108 bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("../../../escaped.jpg", "x")


def linked(target: Callable[[Path], Path]) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target(path))


def elsewhere(path: Path) -> Path:
    """A scan out of the raw folder."""
    place = path.parents[3] / "store" / "object"
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(lossless(98))
    return place


def in_folder(name: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.mkdir()
        (path / name).write_bytes(b"x")

    return write


# Those that hold three scans each, and the seed of the first.
SEVERAL = {"animated.gif": 100, "animated.png": 200, "animated.webp": 300, "stack.tif": 400}

# Name of the file -> how it is made, and what its reason begins with; None where it is not listed.
FILES: dict[str, tuple[Callable[[Path], None], str | None]] = {
    "zero.jpg": (of_bytes(lambda: b""), "undecodable: not a picture"),
    "text.jpg": (of_bytes(lambda: b"no picture\n" * 100), "undecodable: not a picture"),
    "half.jpg": (of_bytes(lambda: encoded(phantom(1), "JPEG")[:2500]), "undecodable"),
    "half.png": (of_bytes(lambda: lossless(2)[:5000]), "undecodable: it is cut short"),
    "half.gif": (of_bytes(lambda: encoded(phantom(2), "GIF")[:5000]), "undecodable"),
    "half.bmp": (of_bytes(lambda: encoded(phantom(2), "BMP")[:5000]), "undecodable"),
    "half.tif": (of_bytes(lambda: encoded(phantom(2), "TIFF")[:5000]), "undecodable"),
    "half.webp": (of_bytes(lambda: encoded(phantom(2), "WEBP")[:1000]), "undecodable"),
    "png.jpg": (of_bytes(lambda: lossless(3)), KEPT),
    "bomb.png": (of_bytes(bomb), "undecodable: more than 33,554,432 pixels"),
    "smaller bomb.png": (
        of_bytes(lambda: bomb(8_000)),
        "undecodable: 8,000 x 8,000 pixels, more than 33,554,432",
    ),
    "lying.png": (of_bytes(lambda: png_of(9_000, 9_000, b"")), "undecodable: 9,000 x 9,000 pix"),
    "lying within bounds.png": (of_bytes(lambda: png_of(4_000, 4_000, b"")), "undecodable"),
    "lying.jpg": (
        of_bytes(lambda: with_size(encoded(phantom(4), "JPEG"), 65_000, 65_000)),
        "undecodable: more than",
    ),
    # No decoder of JPEG refuses a scan that ends too early but properly: the rest is grey.
    "lying within bounds.jpg": (
        of_bytes(lambda: with_size(encoded(phantom(4), "JPEG"), 4_000, 4_000)),
        KEPT,
    ),
    "empty.png": (of_bytes(lambda: png_of(0, 0, zlib.compress(b""))), "undecodable"),
    "wide.png": (of_bytes(lambda: png_of(2**24, 1, zlib.compress(b"\0" * 2**21))), "undecodable"),
    "text bomb.png": (
        of_bytes(lambda: with_text(lossless(5), zlib.compress(b"\0" * 2**27))),
        "undecodable",
    ),
    "lying chunk.png": (
        of_bytes(lambda: lossless(5)[:33] + b"\xf0" + lossless(5)[34:]),
        "undecodable: it is cut short, or the length of a part is wrong",
    ),
    "bmp.bmp": (of_bytes(lambda: encoded(phantom(6), "BMP")), KEPT),
    "gif.gif": (of_bytes(lambda: encoded(phantom(7), "GIF")), KEPT),
    "tiff.tif": (of_bytes(lambda: encoded(phantom(8), "TIFF")), KEPT),
    "webp.webp": (of_bytes(lambda: encoded(phantom(9), "WEBP", lossless=True)), KEPT),
    "animated.gif": (of_bytes(lambda: frames("GIF", 100)), KEPT),
    "animated.png": (of_bytes(lambda: frames("PNG", 200)), KEPT),
    "animated.webp": (of_bytes(lambda: frames("WEBP", 300, lossless=True)), KEPT),
    "stack.tif": (of_bytes(lambda: frames("TIFF", 400)), KEPT),
    "one.png": (of_bytes(lambda: encoded(np.full((1, 1), 255, np.uint8), "PNG")), "blank"),
    "line.png": (of_bytes(lambda: encoded(np.full((30_000, 1), 255, np.uint8), "PNG")), "blank"),
    "black.png": (of_bytes(lambda: encoded(np.zeros((90, 90), np.uint8), "PNG")), "blank"),
    "white.png": (
        of_bytes(lambda: encoded(np.full((90, 90), 255, np.uint8), "PNG")),
        "blank: one grey value everywhere",
    ),
    "sixteen.png": (of_bytes(lambda: encoded(phantom(10).astype(np.uint16) * 16, "PNG")), KEPT),
    "float.tif": (of_bytes(lambda: encoded(phantom(11).astype(np.float32), "TIFF")), KEPT),
    "nan.tif": (
        of_bytes(lambda: encoded(np.full((90, 90), np.nan, np.float32), "TIFF")),
        "undecodable: values that are no numbers",
    ),
    "cmyk.jpg": (
        of_bytes(lambda: encoded(Image.fromarray(phantom(12)).convert("CMYK"), "JPEG")),
        KEPT,
    ),
    "la.png": (of_bytes(lambda: encoded(Image.fromarray(phantom(13)).convert("LA"), "PNG")), KEPT),
    "palette.png": (
        of_bytes(lambda: encoded(Image.fromarray(phantom(14)).convert("P"), "PNG")),
        KEPT,
    ),
    "bits.png": (of_bytes(lambda: encoded(Image.fromarray(phantom(15)).convert("1"), "PNG")), KEPT),
    "many GB.jpg": (sparse, "unreadable: it has 8,589,934,592 bytes, more than 256 MiB"),
    "pipe.jpg": (os.mkfifo, "unreadable: it is a pipe, a socket or a device"),
    "socket.jpg": (listening, "unreadable: it is a pipe, a socket or a device"),
    "device.jpg": (linked(lambda _: Path("/dev/zero")), "unreadable: it is a pipe"),
    "link.jpg": (linked(elsewhere), KEPT),
    "dangling.jpg": (linked(lambda _: Path("gone")), "unreadable: No such file"),
    "itself.jpg": (linked(lambda path: path), "unreadable: Too many levels of symbolic links"),
    "circle": (linked(lambda path: path.parent), "unreadable: it is a folder"),
    "second circle": (linked(lambda path: path.parents[1]), "unreadable: it is a folder"),
    "disk": (linked(lambda _: Path("/")), "unreadable: it is a folder"),
    "archive.zip": (archive, "undecodable: a zip archive: unpack it first"),
    "Thumbs.db": (of_bytes(lambda: b"\xd0\xcf\x11\xe0"), "undecodable: not a picture"),
    "desktop.ini": (of_bytes(lambda: b"[.ShellClassInfo]"), "undecodable: not a picture"),
    ".DS_Store": (of_bytes(lambda: b"x"), None),
    ".ipynb_checkpoints": (in_folder("a.png"), None),
    "__MACOSX": (in_folder("a.png"), None),
    "UPPER.PNG": (of_bytes(lambda: lossless(16)), KEPT),
    " a name  with spaces .png": (of_bytes(lambda: lossless(17)), KEPT),
    "caf\u00e9.png": (of_bytes(lambda: lossless(18)), KEPT),
    "cafe\u0301.png": (of_bytes(lambda: lossless(19)), KEPT),
    "two\nlines\r.png": (of_bytes(lambda: lossless(20)), KEPT),
    "a, \"b\"; 'c'.png": (of_bytes(lambda: lossless(21)), KEPT),
    "[red]no markup.png": (of_bytes(lambda: lossless(22)), KEPT),
    "\x1b[31mred.jpg": (of_bytes(lambda: b"x"), "undecodable"),
    "=cmd()|x.png": (of_bytes(lambda: lossless(23)), KEPT),
    "-rf": (of_bytes(lambda: lossless(24)), KEPT),
    "n" * 255: (of_bytes(lambda: lossless(25)), KEPT),
    os.fsdecode(b"latin-\xe9.png"): (of_bytes(lambda: lossless(26)), KEPT),
}
