import gzip
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from dicom_files import made, written

from brain_tumor.files.other_formats import is_nifti, other_format
from brain_tumor.files.read import open_content
from brain_tumor.files.scans import UndecodableScanError

nibabel = pytest.importorskip("nibabel")
SAMPLES = Path(nibabel.__file__).parent / "tests" / "data"


def archive() -> bytes:
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w") as file:
        file.writestr("a.png", b"")
    return place.getvalue()


def array() -> bytes:
    place = io.BytesIO()
    np.save(place, np.zeros((8, 8)))
    return place.getvalue()


def matlab_5() -> bytes:
    from scipy.io import savemat

    place = io.BytesIO()
    savemat(place, {"a": np.zeros(3)})
    return place.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.nii", lambda: (SAMPLES / "anatomical.nii").read_bytes(), "NIfTI.*data=volumes"),
        ("a.nii.gz", lambda: (SAMPLES / "standard.nii.gz").read_bytes(), "NIfTI.*data=volumes"),
        ("a", lambda: (SAMPLES / "example_nifti2.nii.gz").read_bytes(), "NIfTI.*data=volumes"),
        ("a.mgz", lambda: (SAMPLES / "test.mgz").read_bytes(), "MGH.*nib-convert"),
        ("a.mnc", lambda: (SAMPLES / "tiny.mnc").read_bytes(), "MINC.*nib-convert"),
        ("a.mnc", lambda: (SAMPLES / "small.mnc").read_bytes(), "MINC.*nib-convert"),
        ("a.hdr", lambda: (SAMPLES / "nifti1.hdr").read_bytes(), "two-file NIfTI.*nib-convert"),
        ("a.PAR", lambda: (SAMPLES / "T1.PAR").read_bytes(), "Philips PAR/REC.*nib-convert"),
        ("a.HEAD", lambda: (SAMPLES / "scaled+tlrc.HEAD").read_bytes(), "AFNI.*nib-convert"),
        ("a.nrrd", lambda: b"NRRD0004\ntype: short\n", "NRRD.*NIfTI"),
        ("a.mat", matlab_5, "MATLAB v5 file"),
        ("a.npy", array, "NumPy array"),
        ("a.zip", archive, "zip archive: unpack"),
        ("a.dcm.gz", lambda: gzip.compress(written(made(np.zeros((8, 8), np.uint8)))), "gunzip"),
        ("a.txt.gz", lambda: gzip.compress(b"some text"), "packed by gzip: unpack"),
    ],
)
def test_formats_are_named_with_a_way_on(name: str, content: object, said: str) -> None:
    found = other_format(content(), name)  # type: ignore[operator]
    assert found is not None and re.search(said, found)
    # The mark tells, whatever the name says.
    if "nib-convert" not in said:
        assert other_format(content(), "scan.png") == found  # type: ignore[operator]


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\x1f\x8b\0\0"])
def test_pictures_and_nothing_are_not_named(content: bytes) -> None:
    named = other_format(content, "a.png")
    assert not is_nifti(content)
    assert named is None or content.startswith(b"\x1f\x8b")


def test_a_bomb_is_not_unpacked() -> None:
    assert (
        other_format(gzip.compress(bytes(2**24)), "a.gz")
        == "a file packed by gzip: unpack it first"
    )


@pytest.mark.parametrize(("sample", "said"), [("test.mgz", "MGH"), ("small.mnc", "MINC")])
def test_a_reader_s_reason_names_what_is_packed(sample: str, said: str) -> None:
    content = (SAMPLES / sample).read_bytes()
    with pytest.raises(UndecodableScanError, match=f"a volume \\({said}\\) .*nib-convert"):
        open_content(content, sample)
    with pytest.raises(UndecodableScanError, match=r"gzip|HDF5"):
        open_content(content, "no name")
