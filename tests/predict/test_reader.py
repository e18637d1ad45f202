"""New scans are cut as those of training were, whatever holds them."""

import shutil
from pathlib import Path

import hostile
import numpy as np
import pytest
from bodies import nifti, series
from PIL import Image

from brain_tumor.data.prepared.harmonise import cut_head
from brain_tumor.data.prepared.prepare import PrepareSettings
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.data.sources.volumes import VolumeSource
from brain_tumor.files.read import ScanReader
from brain_tumor.files.source import Scan
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.predict.reader import Reader, files_and_volumes


@pytest.fixture(scope="module")
def reader(report_settings: PrepareSettings) -> Reader:
    return Reader(report_settings.crop, report_settings.harmonise)


def test_every_prepared_scan_is_read_to_the_same_bytes(
    prepared: PreparedSet, phantom_root: Path, reader: Reader
) -> None:
    for row in prepared.kept:
        assert row.row is not None
        (found,) = reader.scans(phantom_root / row.path)
        scan = reader.read(found)
        assert scan.reason == ""
        assert np.array_equal(scan.pixels, prepared.images[row.row])


def test_a_file_in_memory_is_what_it_is_on_disk(phantom_root: Path, reader: Reader) -> None:
    for path in sorted((phantom_root / "Testing" / "glioma").iterdir())[:5]:
        expected = reader.read(Scan(str(path), "")).pixels
        content = path.read_bytes()
        pictures = [Image.open(path), bytearray(content), memoryview(content)]
        if path.suffix == ".png":  # PIL's own decoder of JPEG differs by one
            pictures.append(np.array(Image.open(path)))
            for given in pictures:
                (found,) = (cut() for cut in reader.cut(given))
                assert np.array_equal(found, expected)
        (found,) = (cut() for cut in reader.cut(content))
        assert np.array_equal(found, expected)


@pytest.fixture(scope="module")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a") / "b" / "c" / "d"
    folder.mkdir(parents=True)
    for name, (make, _) in hostile.FILES.items():
        make(folder / name)
    return folder


@pytest.mark.parametrize("name", hostile.FILES, ids=ascii)
def test_a_hostile_file_is_read_or_has_its_reason(
    hostile_folder: Path, reader: Reader, name: str
) -> None:
    expected = hostile.FILES[name][1]
    path = hostile_folder / name
    if expected is None or path.is_dir():
        return
    *_, found = reader.scans(path)
    scan = reader.read(found)
    scan.name.encode("utf-8")
    if expected == hostile.KEPT:
        assert scan.pixels is not None and not scan.reason
    else:
        assert scan.pixels is None and scan.reason.startswith(expected)


def test_each_frame_of_a_dicom_file_is_a_scan(reader: Reader, tmp_path: Path) -> None:
    pytest.importorskip("pydicom")
    import dicom_files

    frames = np.stack([hostile.phantom(seed, 120) for seed in range(3)])
    window = {"WindowCenter": 128, "WindowWidth": 256}
    path = tmp_path / "many"
    path.write_bytes(dicom_files.written(dicom_files.made(frames, **window)))
    scans = reader.scans(path)
    assert [scan.name.rpartition("/")[2] for scan in scans] == ["many#1", "many#2", "many#3"]
    cut = [cut_head(frame, reader.crop, reader.harmonise).pixels for frame in frames]
    for scan, in_memory, expected in zip(scans, reader.cut(path.read_bytes()), cut, strict=True):
        assert np.array_equal(reader.read(scan).pixels, expected)
        assert np.array_equal(in_memory(), expected)
    shutil.copy(path, tmp_path / "cut.dcm")
    (tmp_path / "cut.dcm").write_bytes(path.read_bytes()[:-9_000])
    assert len(reader.scans(tmp_path / "cut.dcm")) == 3
    reasons = [reader.read(scan).reason for scan in reader.scans(tmp_path / "cut.dcm")]
    assert reasons[2].startswith("undecodable: its pixels")


def test_every_frame_of_a_film_is_taken(reader: Reader) -> None:
    found = [cut() for cut in reader.cut(hostile.frames("GIF", 100))]
    for number, pixels in enumerate(found):
        expected = cut_head(hostile.phantom(100 + number), reader.crop, reader.harmonise)
        assert np.array_equal(pixels, expected.pixels)
    assert len(found) == 3


def test_slices_of_a_volume_are_those_that_prepare_would_take(
    report_settings: PrepareSettings, tmp_path: Path
) -> None:
    (tmp_path / "glioma").mkdir()
    nifti(tmp_path / "glioma" / "a.nii.gz", "LPI")
    paths = series(tmp_path / "glioma" / "case")
    settings = VolumeSettings("coronal", 3)
    reader = Reader(report_settings.crop, report_settings.harmonise, settings)
    places = files_and_volumes([tmp_path / "glioma" / "a.nii.gz", *paths, tmp_path / "none.png"])
    found = [one for place in places for one in reader.scans(place)]
    scans = VolumeSource(FolderSource(tmp_path, None, ["glioma"]), settings).scans()
    assert [one.name for one in found[:-1]] == [f"{tmp_path}/{scan.name}" for scan in scans]
    files = ScanReader(tmp_path)
    for one, scan in zip(found, scans, strict=False):
        head = cut_head(files.read(scan).grey(), reader.crop, reader.harmonise)
        assert np.array_equal(reader.read(one).pixels, head.pixels)
    assert len(found) == 7 and reader.read(found[-1]).reason.startswith("unreadable")


def test_a_damaged_volume_has_its_reason(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "a.nii").write_bytes(b"none")
    (place,) = files_and_volumes([tmp_path / "a.nii"])
    (found,) = reader.scans(place)
    read = reader.read(found)
    assert read.name == f"{tmp_path}/a.nii"
    assert read.reason == "undecodable: a NIfTI file that is damaged, or none"
