import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from brain_tumor.files.picture import decode_grey, open_picture
from brain_tumor.files.scans import Header, UndecodableScanError

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
        open_picture(content)


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


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_orientation_in_xmp_is_applied_too(kind: str) -> None:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    if kind == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", packet.decode())
        content = encoded(Image.fromarray(GRADIENT), kind, pnginfo=text)
    else:
        content = encoded(Image.fromarray(GRADIENT), kind, xmp=packet)
    grey = decode_grey(content).astype(int)
    assert grey.shape == GRADIENT.T.shape
    assert np.abs(grey - np.rot90(GRADIENT, -1)).max() <= 3


def test_a_bitmap_of_16_bits_fills_the_range() -> None:
    values = np.arange(32, dtype="<u2")
    content = bytearray(encoded(Image.new("RGB", (32, 1)), "BMP"))[:54]
    content[28:30] = (16).to_bytes(2, "little")  # 5 bits of each colour
    content += (values << 10 | values << 5 | values).tobytes()
    np.testing.assert_allclose(decode_grey(bytes(content))[0], np.arange(32) * 255 / 31, atol=1)


def test_what_is_transparent_in_a_gif_has_its_own_colour() -> None:
    picture = Image.fromarray(GRADIENT).convert("P")
    content = encoded(picture, "GIF", transparency=0)
    assert np.abs(decode_grey(content).astype(int) - GRADIENT).max() <= 1


def test_what_a_frame_of_a_png_film_leaves_behind_is_what_the_frame_says() -> None:
    """Each frame is laid on what was there before the one in front of it was drawn."""
    shades = [Image.new("RGBA", (8, 8), (shade, shade, shade, 255)) for shade in (60, 120)]
    patch = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    patch.paste((240, 240, 240, 255), (0, 0, 4, 4))
    content = encoded(
        shades[0],
        "PNG",
        save_all=True,
        append_images=[shades[1], patch],
        disposal=[0, 2, 0],
        blend=[0, 1, 1],
    )
    found = open_picture(content)
    assert [found.frame(number)[7, 7] for number in range(3)] == [60, 120, 60]
    assert [found.frame(number)[0, 0] for number in range(3)] == [60, 120, 240]


@pytest.mark.filterwarnings("ignore:Invalid APNG")
def test_a_png_that_says_it_has_no_frames_shows_its_plain_picture() -> None:
    content = encoded(Image.fromarray(GRADIENT), "PNG")
    frames = struct.pack(">II", 0, 0)
    ends = struct.pack(">I", len(frames)), struct.pack(">I", zlib.crc32(b"acTL" + frames))
    content = content[:33] + ends[0] + b"acTL" + frames + ends[1] + content[33:]
    assert open_picture(content).frames == 1
    np.testing.assert_array_equal(decode_grey(content), GRADIENT)


def test_a_tiff_of_16_bits_whose_colours_lie_apart_is_refused() -> None:
    planes = np.stack([GRADIENT] * 3).astype(np.uint16)
    data, (_, height, width) = planes.tobytes(), planes.shape
    short, long, size = 3, 4, len(data) // 3
    place = 8 + len(data)
    lists = struct.pack("<3H", 16, 16, 16) + struct.pack("<3I", 8, 8 + size, 8 + 2 * size)
    lists += struct.pack("<3I", size, size, size)
    tags = [
        *((256, short, 1, width), (257, short, 1, height), (258, short, 3, place)),
        *((259, short, 1, 1), (262, short, 1, 2), (273, long, 3, place + 6)),
        *((277, short, 1, 3), (278, short, 1, height), (279, long, 3, place + 18)),
        (284, short, 1, 2),
    ]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = b"II*\0" + struct.pack("<I", place + len(lists)) + data + lists
    content = head + struct.pack("<H", len(tags)) + entries + bytes(4)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.tag_v2[284] == 2 and picture.size == (width, height)
    with pytest.raises(UndecodableScanError, match=r"a picture \(TIFF\).*save it as PNG"):
        decode_grey(content)


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
