import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from figshare_files import figshare_file, h5py

from brain_tumor.files.figshare import is_matlab, read_figshare, read_mask
from brain_tumor.files.scans import UndecodableScanError


def slice_of(height: int, width: int) -> np.ndarray:
    """A picture that is another one in every other orientation."""
    rows, columns = np.mgrid[:height, :width]
    return (rows * 40 + columns).astype(np.int16)


def test_a_file_gives_slice_class_and_patient() -> None:
    image, mask = slice_of(40, 24), np.zeros((40, 24), bool)
    mask[3:9, 20:22] = True
    content = figshare_file(image, 2, "MR040241D", mask)
    assert is_matlab(content[:520])
    found = read_figshare(content)
    assert (found.label, found.patient) == ("glioma", "MR040241D")
    assert found.grey.shape == (40, 24) and found.grey.dtype == np.uint8
    # Brighter downwards, and to the right: neither mirrored nor turned.
    assert (np.diff(found.grey[:, 12].astype(int)) >= 0).all()
    assert found.grey[20, -1] > found.grey[20, 0]
    assert found.grey.min() == 0 and found.grey.max() == 255
    assert np.array_equal(read_mask(content), mask)


@pytest.mark.parametrize(("number", "label"), [(1, "meningioma"), (3, "pituitary")])
def test_classes_are_numbered_as_in_the_set(number: int, label: str) -> None:
    assert read_figshare(figshare_file(slice_of(8, 8), number, "100360")).label == label


def changed(change: Callable[[h5py.File], None]) -> bytes:
    place = io.BytesIO(figshare_file(slice_of(8, 8), 1, "100360"))
    with h5py.File(place, "r+") as file:
        change(file)
    return place.getvalue()


def no_label(file: h5py.File) -> None:
    del file["cjdata/label"]


def wrong_label(file: h5py.File) -> None:
    file["cjdata/label"][...] = 7


def no_structure(file: h5py.File) -> None:
    file["other"] = 1
    del file["cjdata"]


def flat(file: h5py.File) -> None:
    del file["cjdata/image"]
    file["cjdata/image"] = np.arange(9)


def vast(file: h5py.File) -> None:
    del file["cjdata/image"]
    file["cjdata"].create_dataset("image", (10**6, 10**6), "i2", chunks=(100, 100))


def words(file: h5py.File) -> None:
    del file["cjdata/PID"]
    file["cjdata/PID"] = "100360"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (no_label, "without cjdata/label"),
        (wrong_label, "label is 7"),
        (no_structure, "without cjdata, "),
        (flat, "cjdata/image is int64 of shape"),
        (vast, "1,000,000,000,000 values"),
        (words, "cjdata/PID is"),
    ],
)
def test_other_files_are_refused_with_their_reason(
    change: Callable[[h5py.File], None], reason: str
) -> None:
    with pytest.raises(UndecodableScanError, match=reason):
        read_figshare(changed(change))


def test_no_other_file_is_looked_into(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["image"] = slice_of(8, 8)

    def linked(file: h5py.File) -> None:
        del file["cjdata/image"]
        file["cjdata/image"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "image")

    def virtual(file: h5py.File) -> None:
        del file["cjdata/image"]
        layout = h5py.VirtualLayout((8, 8), "i2")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "image", (8, 8))
        file["cjdata"].create_virtual_dataset("image", layout)

    def external(file: h5py.File) -> None:
        del file["cjdata/image"]
        place = [(str(tmp_path / "secret.h5"), 0, 128)]
        file["cjdata"].create_dataset("image", (8, 8), "i2", external=place)

    for change in (linked, virtual, external):
        with pytest.raises(UndecodableScanError, match=r"without cjdata/image|no array"):
            read_figshare(changed(change))


def test_damaged_files_are_refused() -> None:
    content = figshare_file(slice_of(64, 64), 1, "100360")
    for cut in (0, 300, 600, 2000, len(content) // 2):
        with pytest.raises(UndecodableScanError):
            read_figshare(content[:cut])
    random = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(content)
        for place in random.integers(512, len(content), 8):
            damaged[place] = random.integers(256)
        try:
            read_figshare(bytes(damaged))
        except UndecodableScanError:
            continue


def test_a_matlab_5_file_is_named() -> None:
    from scipy.io import savemat

    place = io.BytesIO()
    savemat(place, {"cjdata": {"image": slice_of(8, 8), "label": 1}})
    with pytest.raises(UndecodableScanError, match=r"a MATLAB v5 file, and .* v7\.3"):
        read_figshare(place.getvalue())
