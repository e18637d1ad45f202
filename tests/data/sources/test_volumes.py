from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bodies import body, nifti, series

from brain_tumor.data.prepared.prepare import PrepareSettings, prepare_scans
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.data.sources.volumes import VolumeSource
from brain_tumor.errors import DataError
from brain_tumor.files.read import ScanReader
from brain_tumor.files.scans import UndecodableScanError
from brain_tumor.files.volumes import find
from brain_tumor.files.volumes.slices import VolumeSettings


def volumes(root: Path, settings: VolumeSettings | None = None) -> VolumeSource:
    return VolumeSource(FolderSource(root), settings or VolumeSettings("axial", 4))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "glioma").mkdir()
    (tmp_path / "notumor").mkdir()
    nifti(tmp_path / "glioma" / "a.nii.gz", "LPS")
    nifti(tmp_path / "glioma" / "b.nii", "RAS", drawn=body((30, 30, 30)))
    series(tmp_path / "notumor" / "case 1", patient="one")
    return tmp_path


def test_slices_take_class_and_patient_of_their_volume(root: Path) -> None:
    source = volumes(root)
    scans = source.scans()
    assert source.classes == ("glioma", "notumor")
    assert len(scans) == 12 and len({scan.name for scan in scans}) == 12
    by_place = {scan.path: scan for scan in scans}
    assert [*by_place] == ["glioma/a.nii.gz", "glioma/b.nii", "notumor/case 1"]
    assert [scan.patient for scan in by_place.values()][:2] == ["glioma/a", "glioma/b"]
    assert len(by_place["notumor/case 1"].patient) == 12
    assert {scan.label for scan in scans if scan.path.startswith("notumor")} == {"notumor"}


def test_a_volume_is_the_same_as_file_and_as_series(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    nifti(tmp_path / "a" / "one.nii.gz", "PIR")
    series(tmp_path / "b" / "two")
    reader = ScanReader(tmp_path)
    greys: dict[str, list[np.ndarray]] = {"a": [], "b": []}
    for scan in volumes(tmp_path).scans():
        greys[scan.label].append(reader.read(scan).grey())
    np.testing.assert_array_equal(greys["a"], greys["b"])


def test_a_volume_is_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    original = find.read_nifti
    monkeypatch.setattr(find, "read_nifti", lambda path: read.append(path) or original(path))
    source = volumes(root)
    reader = ScanReader(root)
    for _ in range(2):
        assert all(reader.read(scan).grey().size for scan in source.scans())
    assert sorted(read) == sorted(set(read)) and len(read) == 2


def test_what_cannot_be_read_is_listed_with_its_reason(root: Path) -> None:
    (root / "glioma" / "c.nii.gz").write_bytes(b"no volume")
    scans = [scan for scan in volumes(root).scans() if scan.path == "glioma/c.nii.gz"]
    assert [scan.frame for scan in scans] == [None]
    with pytest.raises(UndecodableScanError, match="damaged"):
        ScanReader(root).read(scans[0])


def test_pictures_beside_volumes_stay_as_they_are(root: Path, phantom_root: Path) -> None:
    picture = next((phantom_root / "Training" / "glioma").iterdir())
    (root / "glioma" / picture.name).write_bytes(picture.read_bytes())
    scans = {scan.path: scan for scan in volumes(root).scans()}
    assert scans[f"glioma/{picture.name}"].frame is None
    assert len(scans) == 4


def test_series_of_one_folder_are_named_by_their_first_files(tmp_path: Path) -> None:
    series(tmp_path / "a" / "all", uid="1.2.3")
    for path in series(tmp_path / "other", uid="1.2.4", drawn=body((30, 30, 30))):
        path.rename(tmp_path / "a" / "all" / f"x{path.name}")
    (tmp_path / "other").rmdir()
    series(tmp_path / "b" / "one", uid="1.2.5")
    paths = dict.fromkeys(scan.path for scan in volumes(tmp_path).scans())
    assert [*paths] == ["a/all/000.dcm", "a/all/x000.dcm", "b/one"]


def test_a_folder_without_volumes_is_refused(phantom_root: Path) -> None:
    with pytest.raises(DataError, match="holds no NIfTI file and no DICOM series"):
        volumes(phantom_root).scans()


def test_two_files_may_be_of_one_patient_whose_files_look_alike(
    tmp_path: Path, report_settings: PrepareSettings
) -> None:
    """Such as two sequences of a patient: they must not stand on two sides of a split."""
    for label, seed in (("glioma", 1), ("notumor", 2)):
        (tmp_path / "raw" / label).mkdir(parents=True)
        noise = np.random.default_rng(seed).normal(0, 1, (6, 7, 6)).repeat(10, 0).repeat(10, 1)
        drawn = np.zeros((60, 70, 60), np.float32)
        drawn[5:55, 5:65, 5:55] = 100 + 40 * noise.repeat(10, 2)[5:55, 5:65, 5:55]
        nifti(tmp_path / "raw" / label / "1_t1.nii.gz", drawn=np.maximum(drawn, 0))
        nifti(tmp_path / "raw" / label / "1_t2.nii.gz", drawn=np.maximum(drawn, 0) ** 1.3)
    settings = replace(report_settings, classes=("glioma", "notumor"), patients=None)
    source = volumes(tmp_path / "raw")
    prepared = prepare_scans(source, settings, tmp_path / "prepared", "volumes")
    groups = dict(zip((row.path for row in prepared.kept), prepared.groups.tolist(), strict=True))
    assert len(set(prepared.patients.tolist())) == 4
    one = {group for path, group in groups.items() if path.startswith("glioma")}
    other = {group for path, group in groups.items() if path.startswith("notumor")}
    assert len(one) == len(other) == 1 and one != other
