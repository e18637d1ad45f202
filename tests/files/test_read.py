"""One reader for pictures, DICOM files and arrays."""

from pathlib import Path

import hostile
import numpy as np
import pytest

pytest.importorskip("pydicom")
from dicom_files import enhanced, made, written

from brain_tumor.files import read
from brain_tumor.files.dicom import open_dicom
from brain_tumor.files.picture import decode_grey
from brain_tumor.files.read import ScanReader, array_to_grey, md5, scans_of
from brain_tumor.files.scans import Header, UndecodableScanError, UnreadableScanError
from brain_tumor.files.source import Scan

HEAD = hostile.phantom(3, 96)


def test_a_picture_is_read_as_it_was(tmp_path: Path) -> None:
    content = hostile.encoded(HEAD, "PNG")
    (tmp_path / "a.png").write_bytes(content)
    raw = ScanReader(tmp_path).read(Scan("a.png", "x"))
    assert (raw.digest, raw.bytes) == (md5(content), len(content))
    assert raw.header() == Header("PNG", "L", 96, 96)
    assert np.array_equal(raw.grey(), decode_grey(content))


def test_every_frame_of_a_dicom_file_is_a_scan_with_a_digest_of_its_own(tmp_path: Path) -> None:
    content = enhanced(np.stack([HEAD, HEAD[::-1], HEAD.T]), [(100, 200)] * 3, 1.0)
    (tmp_path / "many").write_bytes(content)
    scans = scans_of(tmp_path, Scan("many", "x"))
    assert [scan.frame for scan in scans] == [0, 1, 2]
    reader = ScanReader(tmp_path)
    raws = [reader.read(scan) for scan in scans]
    assert len({raw.digest for raw in raws}) == 3
    for number, raw in enumerate(raws):
        assert np.array_equal(raw.grey(), open_dicom(content).frame(number))
        assert raw.header() == Header("DICOM", "MONOCHROME2", 96, 96)
    assert [scan.name for scan in scans] == ["many#1", "many#2", "many#3"]


def test_to_list_jpeg_files_only_their_begin_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: list[str] = []
    read_file = read.read_file
    monkeypatch.setattr(read, "read_file", lambda path: whole.append(path.name) or read_file(path))
    for name, kind in (("a.jpg", "JPEG"), ("b.png", "PNG")):
        (tmp_path / name).write_bytes(hostile.encoded(HEAD, kind))
        assert scans_of(tmp_path, Scan(name, "x")) == [Scan(name, "x")]
    assert whole == ["b.png"]


def test_a_dicom_file_with_a_picture_in_its_preamble_is_a_dicom_file(tmp_path: Path) -> None:
    content = written(made(HEAD))
    tiff = hostile.encoded(np.zeros((4, 4), np.uint8), "TIFF")[:128].ljust(128, b"\0")
    (tmp_path / "both.tif").write_bytes(tiff + content[128:])
    raw = ScanReader(tmp_path).read(Scan("both.tif", "x"))
    assert raw.header().format == "DICOM"
    assert np.array_equal(raw.grey(), open_dicom(content).frame(0))


@pytest.mark.parametrize("lazily", [False, True])
def test_an_array_is_scaled_as_a_file_is(lazily: bool) -> None:
    values = HEAD.astype(np.float32) * 7
    scan = Scan("any name", "x", pixels=(lambda: values) if lazily else values)
    raw = ScanReader(Path("nowhere")).read(scan)
    assert np.array_equal(raw.grey(), decode_grey(hostile.encoded(values, "TIFF")))
    assert raw.header() == Header("array", "float32", 96, 96)
    same = ScanReader(Path()).read(Scan("other", "y", pixels=values.copy()))
    assert same.digest == raw.digest
    for other in (values.T, values.astype(np.float64), values[:, :48]):
        assert ScanReader(Path()).read(Scan("a", "x", pixels=other)).digest != raw.digest


def test_colour_is_red_first_and_uint8_stays_as_it_is() -> None:
    assert np.array_equal(array_to_grey(HEAD[:, ::-1]), HEAD[:, ::-1])
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    assert array_to_grey(red)[0, 0] == 76  # 0.299 of 255


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 2, 2)),
        np.zeros(4),
        np.zeros((0, 3)),
        np.array([["a"]]),
        np.full((2, 2), np.nan),
    ],
)
def test_what_is_no_picture_is_undecodable(pixels: np.ndarray) -> None:
    with pytest.raises(UndecodableScanError):
        ScanReader(Path()).read(Scan("a", "x", pixels=pixels)).grey()


def test_what_is_not_there_is_unreadable(tmp_path: Path) -> None:
    for frame in (None, 2):
        with pytest.raises(UnreadableScanError, match="No such file"):
            ScanReader(tmp_path).read(Scan("a.png", "x", frame=frame))
