"""The reader against Pillow, pydicom and nibabel, on files that their packages ship."""

from importlib import metadata
from pathlib import Path

import conformance
import numpy as np
import pytest
from bodies import nifti, series
from conformance import (
    AGREES,
    DIFFERS,
    PACKAGES,
    PAGE,
    READ_HERE,
    REFUSED_BY_BOTH,
    REFUSED_HERE,
    Compared,
    compare_folder,
    folder_of,
    table_row,
)
from dicom_files import enhanced, made, written
from hostile import encoded, frames, lossless, phantom

from brain_tumor.files.source import Scan

# At least so many frames agree: a reader that refuses everything would differ nowhere.
LEAST = {"pydicom": 180, "pydicom-data": 240, "nibabel": 50, "scikit-image": 50, "matplotlib": 20}


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_a_package_is_read_alike_or_refused_with_its_reason(package: str) -> None:
    folder = folder_of(PACKAGES[package])
    if folder is None:
        pytest.skip(f"{package} is not installed")
    compared = list(compare_folder(folder))
    assert [one for one in compared if one.verdict == DIFFERS] == []
    assert [one for one in compared if one.verdict != AGREES and not one.said] == []
    assert sum(one.verdict == AGREES for one in compared) >= LEAST[package]
    row = table_row(package, compared)
    page = PAGE.read_text(encoding="utf-8").splitlines()
    if any(line.startswith(f"| {package} {metadata.version(package)} |") for line in page):
        assert row in page, "make conformance"


def test_each_verdict_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = phantom(1, 64)
    (tmp_path / "alike.png").write_bytes(lossless(1))
    (tmp_path / "cut.png").write_bytes(lossless(1)[:900])
    (tmp_path / "icon.ico").write_bytes(encoded(head, "ICO"))
    (tmp_path / "notes.txt").write_text("no scan")
    (tmp_path / "scan.dcm").write_bytes(written(made(head)))
    found = {one.name: one.verdict for one in compare_folder(tmp_path)}
    expected = {"alike.png": AGREES, "cut.png": REFUSED_BY_BOTH, "icon.ico": REFUSED_HERE}
    assert found == expected | {"scan.dcm": AGREES}
    monkeypatch.setattr(conformance, "by_pillow", lambda *_: np.zeros((200, 200)))
    monkeypatch.setattr(conformance, "by_pydicom", lambda *_: 1 / 0)
    found = {one.name: one.verdict for one in compare_folder(tmp_path)}
    assert found["alike.png"] == DIFFERS
    assert found["scan.dcm"] == READ_HERE


@pytest.mark.parametrize("kind", ["png", "tiff", "dcm"])
def test_a_frame_that_is_not_read_is_found(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = phantom(1, 64).astype(np.uint16)
    film = enhanced(np.stack([head] * 3), [(100, 200)] * 3, 1) if kind == "dcm" else frames(kind, 2)
    (tmp_path / f"film.{kind}").write_bytes(film)
    assert {one.verdict for one in compare_folder(tmp_path)} == {AGREES}
    two = [Scan("a", "", frame=0), Scan("a", "", frame=1)]
    monkeypatch.setattr(conformance, "scans_of", lambda *_: two)
    assert "film" in next(one.name for one in compare_folder(tmp_path) if one.verdict == DIFFERS)


def test_slices_of_series_and_volumes_are_compared(tmp_path: Path) -> None:
    series(tmp_path / "axial", (1.0, 1.5, 2.0))
    series(tmp_path / "coronal", (1.0, 1.0, 3.0), "coronal", uid="1.2.5")
    nifti(tmp_path / "a.nii.gz", "PIR", (0.5, 1.0, 3.0))
    found = list(compare_folder(tmp_path))
    assert {one.verdict for one in found} == {AGREES}
    slices = {one.name.split("#")[0] for one in found if "#" in one.name}
    assert slices == {"axial", "coronal", "a.nii.gz"}


def test_a_row_counts_each_verdict() -> None:
    compared = [Compared("a", AGREES)] * 1200 + [Compared("b", REFUSED_HERE, "why")] * 2
    version = metadata.version("pydicom")
    assert table_row("pydicom", compared) == f"| pydicom {version} | 1,200 | 0 | 2 | 0 | 0 |"
    assert conformance.reasons(compared) == ["- 2: why"]
