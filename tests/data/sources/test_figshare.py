from pathlib import Path

import numpy as np
import pytest
from figshare_files import figshare_file

from brain_tumor.data.sources.figshare import FigshareSource
from brain_tumor.errors import DataError
from brain_tumor.files.read import ScanReader


def slice_of(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4000, (24, 24))


def test_every_slice_is_listed_with_its_patient(tmp_path: Path) -> None:
    patients = {10: "MR040241D", 2: "100360", 1: "MR040241E", 900: "100360"}
    for number, patient in patients.items():
        place = tmp_path / f"brainTumorDataPublic_{number % 2}" / f"{number}.mat"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(figshare_file(slice_of(number), 1 + number % 3, patient))
    (tmp_path / "README.txt").write_text("what else is there")
    source = FigshareSource(tmp_path)
    scans = source.scans()
    assert [scan.slice_id for scan in scans] == [f"figshare-{n}" for n in (1, 2, 10, 900)]
    assert [scan.label for scan in scans] == ["glioma", "pituitary", "glioma", "meningioma"]
    assert [scan.patient for scan in scans] == [patients[number] for number in (1, 2, 10, 900)]
    assert [scan.patient_group for scan in scans] == ["MR040241", "100360", "MR040241", "100360"]
    assert source.classes == ("glioma", "meningioma", "pituitary")
    found = ScanReader(source.root).read(scans[0])
    assert found.grey().shape == (24, 24)
    assert found.digest == ScanReader(source.root).read(source.scans()[0]).digest


def test_what_is_not_of_the_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no \.mat file"):
        FigshareSource(tmp_path).scans()
    with pytest.raises(DataError, match="no folder"):
        FigshareSource(tmp_path / "nowhere")
    (tmp_path / "1.mat").write_bytes(figshare_file(slice_of(0), 1, "100360")[:2000])
    with pytest.raises(DataError, match=r"1\.mat is no slice of the Figshare set .*damaged"):
        FigshareSource(tmp_path).scans()
