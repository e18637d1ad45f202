import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from brain_tumor.data.files.picture import decode_grey, open_picture
from brain_tumor.data.files.scans import Header, UndecodableScanError

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
    assert open_picture(content).header == Header("PNG", mode, 50, 40)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_decodes_to_nearly_what_was_saved(mode: str) -> None:
    content = encoded(Image.fromarray(GRADIENT).convert(mode), "JPEG", quality=98)
    assert np.abs(decode_grey(content).astype(int) - GRADIENT).max() <= 3


def test_colour_is_weighted_as_pil_does() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (30, 30, 3)).astype(np.uint8)
    picture = Image.fromarray(colours)
    ours = decode_grey(encoded(picture, "PNG")).astype(int)
    assert np.abs(ours - np.asarray(picture.convert("L"), int)).max() <= 1


def test_sixteen_bits_are_scaled_to_their_own_values() -> None:
    twelve_bits = (GRADIENT.astype(np.uint16) * 16).astype(np.uint16)
    content = encoded(Image.fromarray(twelve_bits), "PNG")
    expected = np.rint(GRADIENT * (255 / GRADIENT.max()))
    np.testing.assert_array_equal(decode_grey(content), expected)
    assert open_picture(content).header.mode == "I;16"


def test_the_extension_does_not_matter() -> None:
    # decode_grey sees bytes alone; a PNG named .jpg is a PNG.
    assert open_picture(encoded(Image.fromarray(GRADIENT), "PNG")).header.format == "PNG"


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0"])
def test_what_is_no_picture_is_undecodable(content: bytes) -> None:
    with pytest.raises(UndecodableScanError):
        decode_grey(content)
    with pytest.raises(UndecodableScanError):
        open_picture(content).header


def tiff(pixels: np.ndarray, photometric: int = 1, orientation: int = 1) -> bytes:
    """Write a TIFF of one strip, which Pillow would not write so."""
    data, (height, width) = pixels.tobytes(), pixels.shape
    short, long = 3, 4
    tags = [
        *((256, short, width), (257, short, height), (258, short, pixels.itemsize * 8)),
        *((259, short, 1), (262, short, photometric), (273, long, 8), (274, short, orientation)),
        *((277, short, 1), (278, short, height), (279, long, len(data))),
    ]
    entries = [
        struct.pack("<HHI", tag, kind, 1) + value.to_bytes(4, "little") for tag, kind, value in tags
    ]
    head = b"II*\0" + struct.pack("<I", 8 + len(data)) + data
    return head + struct.pack("<H", len(tags)) + b"".join(entries) + bytes(4)


def bulk(values: np.ndarray) -> np.ndarray:
    """What DICOM without a window is shown as."""
    low, high = np.percentile(values, (0.5, 99.5))
    return 255 * np.clip((values - low) / (high - low), 0, 1)


@pytest.mark.parametrize("most", [0.3, 0.01, 1e-7, 1e9])
def test_float_pictures_of_any_range_are_seen(most: float) -> None:
    values = (GRADIENT / GRADIENT.max() * most).astype(np.float32) - np.float32(most / 2)
    grey = decode_grey(encoded(Image.fromarray(values), "TIFF"))
    np.testing.assert_allclose(grey, bulk(values.astype(np.float64)), atol=0.51)
    assert (grey.min(), grey.max()) == (0, 255)


def test_one_hot_pixel_darkens_nothing() -> None:
    values = GRADIENT.astype(np.uint16) * 4
    values[3, 4] = 65_535
    grey = decode_grey(encoded(Image.fromarray(values), "PNG"))
    np.testing.assert_allclose(grey, bulk(values), atol=0.501)
    assert np.median(grey) > 100


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_the_lowest_value_is_white_where_the_file_says_so(kind: type) -> None:
    plain, white = (decode_grey(tiff(GRADIENT.astype(kind), photometric=p)) for p in (1, 0))
    assert np.array_equal(white, 255 - plain)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_pictures_are_turned_upright(kind: str, orientation: int) -> None:
    if kind == "TIFF":
        content = tiff(GRADIENT, orientation=orientation)
    else:
        exif = Image.Exif()
        exif[274] = orientation
        lossless = {"lossless": True} if kind == "WEBP" else {}
        content = encoded(Image.fromarray(GRADIENT), kind, exif=exif, **lossless)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("L")
    difference = decode_grey(content).astype(int) - np.asarray(upright)
    assert np.abs(difference).max() <= 1


def test_a_page_may_be_of_another_size_and_a_smaller_copy_is_no_page() -> None:
    pages = [Image.fromarray(GRADIENT), Image.fromarray(GRADIENT[:20, ::-1].astype(np.uint16) * 9)]
    small = Image.fromarray(GRADIENT[::2, ::2])
    small.encoderinfo = {"tiffinfo": {254: 1}}
    content = encoded(pages[0], "TIFF", save_all=True, append_images=[pages[1], small])
    found = open_picture(content)
    assert found.frames == 2
    assert np.array_equal(found.frame(0), GRADIENT)
    np.testing.assert_allclose(found.frame(1), bulk(GRADIENT[:20, ::-1]), atol=0.51)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_frames_of_a_film_are_those_of_pillow(kind: str) -> None:
    one = Image.new("RGB", (60, 50))
    two = one.copy()
    two.paste((200, 10, 10), (5, 5, 20, 20))
    three = two.copy()
    three.paste((0, 250, 0), (30, 30, 40, 50))  # written as what changed
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(one, kind, save_all=True, append_images=[two, three], **options)
    found = open_picture(content)
    assert found.frames == 3
    for number, picture in enumerate([one, two, three]):
        expected = np.asarray(picture.convert("L"), int)
        assert np.abs(found.frame(number) - expected).max() <= 1


def test_a_film_that_would_fill_the_memory_is_refused() -> None:
    shades = [Image.new("L", (8, 8), shade) for shade in range(100)]
    tiny = encoded(shades[0], "GIF", save_all=True, append_images=shades[1:])
    large = tiny[:6] + struct.pack("<HH", 5_000, 5_000) + tiny[10:]
    with pytest.raises(UndecodableScanError, match="frames of 5,000 x 5,000 pixels, more than"):
        open_picture(large)


def test_a_format_that_is_known_is_named_where_it_cannot_be_read() -> None:
    samples = struct.pack("<HHI", 277, 3, 1)
    many = tiff(GRADIENT).replace(samples + b"\1", samples + b"\x63")
    with pytest.raises(UndecodableScanError, match=r"a picture \(TIFF\) that is damaged, or of a"):
        decode_grey(many)
