"""Pictures as fuzzing starts from, and what is done to their bytes."""

import hostile
import numpy as np
from hypothesis import strategies as st
from PIL import Image

_PIXELS = hostile.phantom(0, 72)
_GREY = Image.fromarray(_PIXELS)
SIXTEEN = _PIXELS.astype(np.uint16) * 200

# One of every way that a format stores pixels.
PICTURES: dict[str, bytes] = {
    "jpeg": hostile.encoded(_GREY, "JPEG"),
    "jpeg colour": hostile.encoded(_GREY.convert("RGB"), "JPEG", quality=40),
    "jpeg progressive": hostile.encoded(_GREY.convert("RGB"), "JPEG", progressive=True),
    "jpeg cmyk": hostile.encoded(_GREY.convert("CMYK"), "JPEG"),
    "png": hostile.encoded(_GREY, "PNG"),
    "png palette": hostile.encoded(_GREY.convert("P"), "PNG"),
    "png alpha": hostile.encoded(_GREY.convert("LA"), "PNG"),
    "png 16 bits": hostile.encoded(SIXTEEN, "PNG"),
    "png animated": hostile.frames("PNG", 1),
    "tiff": hostile.encoded(_GREY, "TIFF"),
    "tiff lzw": hostile.encoded(_GREY.convert("RGB"), "TIFF", compression="tiff_lzw"),
    "tiff deflate": hostile.encoded(SIXTEEN, "TIFF", compression="tiff_adobe_deflate"),
    "tiff jpeg": hostile.encoded(_GREY, "TIFF", compression="jpeg"),
    "tiff float": hostile.encoded(_PIXELS.astype(np.float32), "TIFF"),
    "gif": hostile.encoded(_GREY, "GIF"),
    "gif animated": hostile.frames("GIF", 1),
    "bmp": hostile.encoded(_GREY, "BMP"),
    "bmp colour": hostile.encoded(_GREY.convert("RGB"), "BMP"),
    "webp": hostile.encoded(_GREY, "WEBP"),
    "webp lossless": hostile.encoded(_GREY, "WEBP", lossless=True),
    "webp animated": hostile.frames("WEBP", 1),
    "pgm": hostile.encoded(_GREY, "PPM"),
    "jpeg 2000": hostile.encoded(_GREY, "JPEG2000"),
}

# Numbers at which sizes, counts and offsets go wrong.
_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Bytes of a picture with bits flipped, fields set, parts cut out, doubled or of another."""
    content = bytearray(draw(st.sampled_from(list(PICTURES.values()))))
    for _ in range(draw(st.integers(1, 6))):
        if not content:
            break
        # Most of what can go wrong stands in the header.
        last = draw(st.sampled_from([min(63, len(content) - 1), len(content) - 1]))
        place = draw(st.integers(0, last))
        match draw(st.sampled_from(("bit", "byte", "field", "cut", "end", "double", "splice"))):
            case "bit":
                content[place] ^= 1 << draw(st.integers(0, 7))
            case "byte":
                content[place] = draw(st.integers(0, 255))
            case "field":
                width = draw(st.sampled_from((2, 4)))
                order = draw(st.sampled_from(("little", "big")))
                number = draw(st.sampled_from(_EDGES)) % (1 << 8 * width)
                content[place : place + width] = number.to_bytes(width, order)
            case "cut":
                del content[place : place + draw(st.integers(1, 64))]
            case "end":
                del content[place:]
            case "double":
                part = content[place : place + draw(st.integers(1, 64))]
                content[place:place] = part * draw(st.integers(1, 4))
            case "splice":
                other = draw(st.sampled_from(list(PICTURES.values())))
                start = draw(st.integers(0, len(other) - 1))
                content[place:] = other[start:]
    return bytes(content)
