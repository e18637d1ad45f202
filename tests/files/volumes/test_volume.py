import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from bodies import body, nibabel, nifti

from brain_tumor.files.scans import UndecodableScanError
from brain_tumor.files.volumes import volume as reader
from brain_tumor.files.volumes.volume import read_nifti

SAMPLES = Path(nibabel.__file__).parent / "tests" / "data"


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_values_are_read(dtype: str, ending: str, tmp_path: Path) -> None:
    found = read_nifti(nifti(tmp_path / f"a{ending}", "PIR", dtype=dtype))
    np.testing.assert_array_equal(found.values, body())


def test_slope_and_intercept_are_applied(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(body().astype(np.int16), np.eye(4))
    image.header.set_slope_inter(2, -7)
    nibabel.save(image, tmp_path / "a.nii")
    np.testing.assert_array_equal(read_nifti(tmp_path / "a.nii").values, body() * 2 - 7)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("example4d.nii.gz", "2 volumes: save the one"),
        ("functional.nii", "20 volumes"),
        ("example_nifti2.nii.gz", "2 volumes"),
        ("test.mgz", "damaged, or none"),
    ],
)
def test_others_of_nibabels_files_are_refused(name: str, reason: str) -> None:
    with pytest.raises(UndecodableScanError, match=reason):
        read_nifti(SAMPLES / name)


def test_a_volume_may_have_a_fourth_axis_of_one(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(body()[..., None], np.eye(4)), tmp_path / "a.nii")
    np.testing.assert_array_equal(read_nifti(tmp_path / "a.nii").values, body())


def test_a_header_that_names_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.uint8)
    header.set_data_shape((2000, 2000, 2000))
    header.set_sform(np.eye(4), 1)
    path = tmp_path / "bomb.nii.gz"
    with gzip.open(path, "wb") as file:
        file.write(header.binaryblock[:344] + b"n+1\0" + bytes(2**20))
    with pytest.raises(UndecodableScanError, match=r"8,000,000,000 voxels, more than"):
        read_nifti(path)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    content = nifti(tmp_path / "a.nii.gz").read_bytes()
    for cut in (0, 10, 200, len(content) // 2):
        (tmp_path / "b.nii.gz").write_bytes(content[:cut])
        with pytest.raises(UndecodableScanError):
            read_nifti(tmp_path / "b.nii.gz")
    plain = gzip.decompress(content)
    random = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(plain)
        for place in random.integers(0, 352, 4):
            damaged[place] = random.integers(256)
        (tmp_path / "b.nii").write_bytes(damaged)
        try:
            read_nifti(tmp_path / "b.nii")
        except UndecodableScanError:
            continue


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.nii")
    for name in ("a.nii", "nowhere.nii"):
        with pytest.raises(OSError):
            read_nifti(tmp_path / name)


def test_a_missing_nibabel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = nifti(tmp_path / "a.nii")
    for name in ("nibabel.imageglobals", "nibabel.nifti1", "nibabel.nifti2"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(UndecodableScanError, match=r"brain-tumor\[volumes\]"):
        reader.read_nifti(path)
