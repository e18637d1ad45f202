import io

import numpy as np
import pytest
from PIL import Image

from brain_tumor.data.files.scans import (
    Header,
    UndecodableScanError,
    decode_grey,
    read_header,
)

GRADIENT = np.tile(np.arange(0, 250, 5, dtype=np.uint8), (40, 1))


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "PNG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("LA", "PNG")]
)
def test_grey_content_survives_every_lossless_mode(mode: str, kind: str) -> None:
    content = encoded(Image.fromarray(GRADIENT).convert(mode), kind)
    np.testing.assert_array_equal(decode_grey(content), GRADIENT)
    assert read_header(content) == Header("PNG", mode, 50, 40)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_decodes_to_nearly_what_was_saved(mode: str) -> None:
    content = encoded(Image.fromarray(GRADIENT).convert(mode), "JPEG", quality=98)
    assert np.abs(decode_grey(content).astype(int) - GRADIENT).max() <= 3


def test_colour_is_weighted_as_pil_does() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (30, 30, 3)).astype(np.uint8)
    picture = Image.fromarray(colours)
    ours = decode_grey(encoded(picture, "PNG")).astype(int)
    assert np.abs(ours - np.asarray(picture.convert("L"), int)).max() <= 1


def test_sixteen_bits_are_scaled_by_their_own_maximum() -> None:
    twelve_bits = (GRADIENT.astype(np.uint16) * 16).astype(np.uint16)
    content = encoded(Image.fromarray(twelve_bits), "PNG")
    expected = np.rint(GRADIENT * (255 / GRADIENT.max()))
    np.testing.assert_array_equal(decode_grey(content), expected)
    assert read_header(content).mode == "I;16"


def test_the_extension_does_not_matter() -> None:
    # decode_grey sees bytes alone; a PNG named .jpg is a PNG.
    assert read_header(encoded(Image.fromarray(GRADIENT), "PNG")).format == "PNG"


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0"])
def test_what_is_no_picture_is_undecodable(content: bytes) -> None:
    with pytest.raises(UndecodableScanError):
        decode_grey(content)
    with pytest.raises(UndecodableScanError):
        read_header(content)
