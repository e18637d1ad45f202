"""What libraries print about a file reaches nobody; what Python prints elsewhere does."""

import logging
import os
import struct
import threading
import warnings
from pathlib import Path

import hostile
import pytest
from PIL import Image

from brain_tumor.files.parallel import each
from brain_tumor.files.read import ScanReader, content_frames, scans_of
from brain_tumor.files.scans import UndecodableScanError
from brain_tumor.files.silence import silent
from brain_tumor.files.source import Scan


def noisy() -> dict[str, bytes]:
    """Files over which libpng, libjpeg, libtiff, Pillow and pydicom print something."""
    png, jpeg = hostile.lossless(1), hostile.encoded(hostile.phantom(1), "JPEG")
    tiff = hostile.encoded(hostile.phantom(1), "TIFF")
    files = {
        "profile.png": png[:33] + hostile.chunk(b"iCCP", b"x\0\0garbage") + png[33:],
        "damaged.png": png[:60] + bytes([png[60] ^ 1]) + png[61:],
        "cut.jpg": jpeg[:-900],
        "damaged.jpg": jpeg[:700] + b"\xff\x00\x12" * 40 + jpeg[900:],
        "cut.tif": tiff[:-100],
    }
    pydicom = pytest.importorskip("pydicom")
    from dicom_files import compressed, made, twelve_bits, written

    files["odd.dcm"] = written(made(hostile.phantom(1, 64)))[:-900]
    colour = hostile.encoded(Image.fromarray(hostile.phantom(1)).convert("RGB"), "TIFF")
    samples = struct.pack("<HHI", 277, 3, 1)  # SamplesPerPixel, one number
    files["samples.tif"] = colour.replace(samples + b"\3", samples + b"\x63")
    assert files["samples.tif"] != colour
    files["twelve bits.dcm"] = twelve_bits(hostile.phantom(1, 64))
    files["cut.dcm"] = compressed(hostile.phantom(1, 64), "jpeg")[:-500]
    assert pydicom
    return files


def test_nothing_of_a_library_s_own_reaches_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shown = logging.StreamHandler()
    logging.getLogger().addHandler(shown)
    try:
        for name, content in noisy().items():
            (tmp_path / name).write_bytes(content)
        reader = ScanReader(tmp_path)

        def look(name: str) -> str:
            scans_of(tmp_path, Scan(name, "x"))
            try:
                reader.read(Scan(name, "x")).grey()
            except UndecodableScanError as error:
                return str(error)
            return ""

        reasons = dict(zip(noisy(), each(look, [*noisy()]), strict=True))
        for content in noisy().values():
            try:
                content_frames(content, "")[0]()
            except UndecodableScanError as error:
                assert str(error) in reasons.values()
    finally:
        logging.getLogger().removeHandler(shown)
    assert sum(map(bool, reasons.values())) >= 4
    assert capfd.readouterr() == ("", "")


def test_all_is_as_before_once_the_last_thread_is_out(capfd: pytest.CaptureFixture[str]) -> None:
    level, filters = logging.getLogger("pydicom").level, list(warnings.filters)
    first_in, first_out = threading.Event(), threading.Event()

    def overlap() -> None:
        with silent():
            first_in.set()
            first_out.wait(5)
            os.write(2, b"lost")

    thread = threading.Thread(target=overlap)
    thread.start()
    first_in.wait(5)
    with silent():
        os.write(2, b"lost")
    first_out.set()
    thread.join()
    os.write(2, b"told")
    assert logging.getLogger("pydicom").level == level
    assert list(warnings.filters) == filters
    assert capfd.readouterr().err == "told"
    with pytest.raises(ZeroDivisionError), silent():
        raise ZeroDivisionError
    os.write(2, b"told")
    assert capfd.readouterr().err == "told"
