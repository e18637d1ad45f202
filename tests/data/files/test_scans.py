import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brain_tumor.data.files.scans import (
    Header,
    UndecodableScanError,
    decode_grey,
    find_scans,
    read_header,
)
from brain_tumor.errors import DataError

CLASSES = ("glioma", "notumor")
GRADIENT = np.tile(np.arange(0, 250, 5, dtype=np.uint8), (40, 1))


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for folder in ("Training", "Testing"):
        for label in CLASSES:
            place = tmp_path / folder / label
            place.mkdir(parents=True)
            (place / "b.jpg").write_bytes(b"x")
            (place / "a.png").write_bytes(b"x")
            (place / ".DS_Store").write_bytes(b"x")
            (place / ".cache").mkdir()
            (place / ".cache" / "c.jpg").write_bytes(b"x")
    return tmp_path


def test_scans_are_listed_training_first_by_path_without_hidden_files(raw: Path) -> None:
    found = find_scans(raw, CLASSES)
    assert [scan.path for scan in found[:3]] == [
        "Training/glioma/a.png",
        "Training/glioma/b.jpg",
        "Training/notumor/a.png",
    ]
    assert [scan.folder for scan in found] == ["Training"] * 4 + ["Testing"] * 4
    assert {scan.label for scan in found} == set(CLASSES)


@pytest.mark.parametrize("gone", ["Testing", "Training/glioma", "Testing/notumor/*"])
def test_a_wrong_folder_is_named_with_what_to_do(raw: Path, gone: str) -> None:
    for path in sorted(raw.glob(gone + "/**/*"), reverse=True) + sorted(raw.glob(gone)):
        path.rmdir() if path.is_dir() else path.unlink()
    with pytest.raises(DataError, match=r"data\.(root|classes)"):
        find_scans(raw, CLASSES)


def test_an_unknown_class_folder_is_refused(raw: Path) -> None:
    (raw / "Training" / "no_tumor").mkdir()
    with pytest.raises(DataError, match="no_tumor"):
        find_scans(raw, CLASSES)


def test_a_missing_folder_names_the_phantoms(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="data=phantom"):
        find_scans(tmp_path / "nowhere", CLASSES)


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
