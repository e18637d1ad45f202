"""Fuzzing of the one reader: files that were taken apart, as every command reads them.

`make fuzz` tries two thousand of each format. Coverage-guided fuzzing (atheris) would see nothing
here: what takes these bytes apart is native code of OpenCV, Pillow, GDCM and HDF5, whose wheels are
not instrumented. A crash in there takes the process along: its input is then the file
`fuzzed.FORMAT` in pytest's temporary folder.
"""

import faulthandler
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import FORMATS, mutated

from brain_tumor.data.groups.patients import read_patients
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.data.sources.table import TableSource
from brain_tumor.data.split_file import read_split
from brain_tumor.errors import DataError
from brain_tumor.files.figshare import read_figshare
from brain_tumor.files.scans import UndecodableScanError
from brain_tumor.files.silence import silent
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.predict.reader import NewScan, Reader, files_and_volumes

SECONDS = 20.0  # that a file may take, on a busy machine
BYTES = 2**31  # that reading may add to the process; a picture's bounds allow for half a gigabyte
MOST = 5  # frames that are decoded of a file
HOW = (
    CropSettings(blur_kernel=3, threshold=45, erosions=2, dilations=2, size=64),
    HarmoniseSettings(None, intensity=False, background=False, mask=False),
    VolumeSettings("axial", 3),
)
# A tenth each: 2,000 by `make fuzz`, ten in the suite.
EACH = settings(
    max_examples=settings.default.max_examples // 10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def peak() -> int:
    """Give the most bytes that the process held in memory since `forget_peak`."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


@pytest.fixture
def bounded() -> Iterator[None]:
    """See that reading takes no more memory than it may, where Linux tells."""
    forget = Path("/proc/self/clear_refs")
    if not forget.exists():
        yield
        return
    forget.write_text("5")
    before = peak()
    yield
    assert peak() - before < BYTES


def read_scans(path: Path) -> list[NewScan]:
    """Read a file as `predict` does, which gives a row for each scan."""
    reader = Reader(*HOW)  # another one each time: it holds the last files
    volume = path.suffix in (".nii", ".gz")  # to look for one takes longer than all else
    places = files_and_volumes([path]) if volume else [path]
    with silent():  # as all that is read by several threads
        scans = [one for place in places for one in reader.scans(place)]
        return [reader.read(scan) for scan in scans[:MOST]]


def read_mat(path: Path) -> list[NewScan]:
    """Read a file of the Figshare set, whose source says which one is damaged."""
    try:
        grey = read_figshare(path.read_bytes()).grey
    except UndecodableScanError as error:
        return [NewScan(path.name, None, f"undecodable: {error}")]
    assert grey.ndim == 2 and grey.dtype == np.uint8
    return [NewScan(path.name, np.zeros((64, 64), np.uint8))]


def read_tables(path: Path) -> list[NewScan]:
    """Read a table as a source of scans, of patients and of parts."""
    names = ("a.png", "b, b.png", "caf\u00e9.png")
    for name in names:
        (path.parent / name).touch()
    rows = []
    for read in (
        lambda: TableSource(path).scans(),
        lambda: read_patients(path),
        lambda: read_split(path, {name: row for row, name in enumerate(names)}),
    ):
        try:
            read()
        except DataError as error:
            assert path.name in str(error)
            rows.append(NewScan(path.name, None, f"undecodable: {error}"))
    return rows or [NewScan(path.name, np.zeros((64, 64), np.uint8))]


READERS: dict[str, Callable[[Path], list[NewScan]]] = {"mat": read_mat, "csv": read_tables}


def check_rows(rows: list[NewScan]) -> None:
    assert rows
    for row in rows:
        if row.pixels is None:
            assert row.reason.split(": ")[0] in ("undecodable", "blank", "unreadable")
            assert "Error" not in row.reason and "\n" not in row.reason
        else:
            assert (row.pixels.shape, row.pixels.dtype, row.reason) == ((64, 64), np.uint8, "")


def kinds() -> list[tuple[str, str]]:
    return [(kind, name) for kind, variants in FORMATS.items() for name in variants]


@pytest.mark.parametrize(("kind", "name"), kinds())
def test_what_fuzzing_starts_from_is_read(kind: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / f"whole.{kind.split()[0]}"
    path.write_bytes(FORMATS[kind][name]())
    rows = READERS.get(kind, read_scans)(path)
    check_rows(rows)
    assert all(row.pixels is not None for row in rows)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_was_taken_apart_is_a_scan_or_a_row_with_its_reason(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], bounded: None
) -> None:
    whole = [make() for make in FORMATS[kind].values()]
    path = tmp_path / f"fuzzed.{kind.split()[0]}"
    found = {"scans": 0, "reasons": 0}

    @EACH
    @given(mutated(whole))
    def read(content: bytes) -> None:
        path.write_bytes(content)
        faulthandler.dump_traceback_later(10 * SECONDS, exit=True)  # a hang in native code
        begun = time.perf_counter()
        try:
            rows = READERS.get(kind, read_scans)(path)
        finally:
            faulthandler.cancel_dump_traceback_later()
        assert time.perf_counter() - begun < SECONDS
        check_rows(rows)
        usable = sum(row.pixels is not None for row in rows)
        found["scans"] += usable
        found["reasons"] += len(rows) - usable

    read()
    assert capfd.readouterr() == ("", "")
    if EACH.max_examples > 10:  # `make fuzz`
        assert found["scans"] and found["reasons"], "else the mutations are too many, or too few"
        print(f"{kind}: {found['scans']:,} scans, {found['reasons']:,} reasons")


@EACH
@given(st.binary(max_size=400), st.sampled_from([kind.split()[0] for kind in FORMATS]))
def test_bytes_that_nobody_made_have_a_reason(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"fuzzed.{ending}"
    path.write_bytes(content)
    rows = READERS.get(ending, read_scans)(path)
    check_rows(rows)
    assert ending == "csv" or all(row.pixels is None for row in rows)
