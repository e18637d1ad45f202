import io
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from bodies import body, series
from dicom_files import made, written

from brain_tumor.files.scans import UndecodableScanError
from brain_tumor.files.volumes.dicom_series import find_series
from brain_tumor.files.volumes.slices import VolumeSettings, chosen_slices


def change(path: Path, **elements: object) -> None:
    dataset = pydicom.dcmread(path)
    for name, value in elements.items():
        setattr(dataset, name, value)
    path.write_bytes(written(dataset))


def test_files_are_ordered_by_place_not_by_name(tmp_path: Path) -> None:
    paths = series(tmp_path)
    assert sorted(paths) != paths
    (found,) = find_series(tmp_path.iterdir())
    np.testing.assert_array_equal(found.read().values, body())
    assert found.files == tuple(sorted(paths))


def test_series_of_one_folder_are_told_apart(tmp_path: Path) -> None:
    series(tmp_path / "a", uid="1.2.3", patient="one")
    series(tmp_path / "b", uid="1.2.4", patient="two", drawn=body((30, 30, 30)))
    for path in (tmp_path / "b").iterdir():
        shutil.move(path, tmp_path / "a" / f"b{path.name}")
    first, second = find_series((tmp_path / "a").iterdir())
    assert (len(first.files), len(second.files)) == (36, 30)
    assert first.patient != second.patient and len(first.patient) == 12


def test_a_series_has_one_window_for_all_of_its_slices(tmp_path: Path) -> None:
    series(tmp_path)
    (found,) = find_series(tmp_path.iterdir())
    slices = list(chosen_slices(found.read(), VolumeSettings("axial", 8)).values())
    assert len({int(np.median(one[one > 0])) for one in slices}) == 1


def test_monochrome1_and_rescaling_are_heeded(tmp_path: Path) -> None:
    for path in series(tmp_path):
        dataset = pydicom.dcmread(path)
        dataset.PixelData = (1000 - dataset.pixel_array).astype(np.uint16).tobytes()
        dataset.PhotometricInterpretation = "MONOCHROME1"
        dataset.RescaleSlope, dataset.RescaleIntercept = 2, 10
        path.write_bytes(written(dataset))
    (found,) = find_series(tmp_path.iterdir())
    np.testing.assert_allclose(found.read().values, 2 * body() - 2010)


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, "different directions"),
        ({"PixelSpacing": [3, 3]}, "different directions or spacings"),
        ({"ImagePositionPatient": [0, 0, 5]}, "1 pictures at the place of another"),
    ],
)
def test_files_that_are_no_volume_are_refused(
    elements: dict[str, object], reason: str, tmp_path: Path
) -> None:
    paths = series(tmp_path)
    change(paths[-1], **elements)
    (found,) = find_series(paths)
    with pytest.raises(UndecodableScanError, match=reason):
        found.read()


@pytest.mark.parametrize("plane", ["axial", "coronal"])
def test_where_a_file_is_missing_only_slices_as_taken_are_shown(plane: str, tmp_path: Path) -> None:
    paths = series(tmp_path, plane=plane)
    (found,) = find_series(path for path in paths if path != paths[10])
    volume = found.read()
    assert chosen_slices(volume, VolumeSettings(plane, 4))  # type: ignore[arg-type]
    with pytest.raises(UndecodableScanError, match=f"give data.volume.axis={plane}"):
        chosen_slices(volume, VolumeSettings("sagittal", 4))


def test_pictures_without_a_place_are_no_series(tmp_path: Path) -> None:
    paths = series(tmp_path / "a")[:6]
    dataset = pydicom.dcmread(paths[0])
    del dataset.ImagePositionPatient
    paths[0].write_bytes(written(dataset))
    change(paths[1], ImageOrientationPatient=[0, 0, 0, 0, 0, 0])
    paths[2].write_bytes(b"no DICOM at all")
    (tmp_path / "many.dcm").write_bytes(written(made(np.zeros((3, 8, 8), np.uint8))))
    assert find_series([*paths[:5], tmp_path / "many.dcm", tmp_path / "nowhere.dcm"]) == []
    (found,) = find_series(paths[3:])
    assert len(found.files) == 3


def test_no_identity_is_kept(tmp_path: Path) -> None:
    series(tmp_path, patient="ID-8415796-ZQ")
    (found,) = find_series(tmp_path.iterdir())
    said = io.StringIO()
    print(found, file=said)
    assert "8415796" not in said.getvalue() and "1.2.3.4" not in said.getvalue()
