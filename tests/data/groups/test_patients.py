from collections import Counter
from pathlib import Path

import pytest

from brain_tumor.data.groups.patients import FIGSHARE, read_patients
from brain_tumor.errors import DataError


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "patients.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_figshare_table_has_every_slice_and_patient_of_that_set() -> None:
    known = read_patients(FIGSHARE)
    assert known.key == "file_md5"
    # 3,064 slices of 233 patients; 209 where identifiers differ by more than a letter suffix.
    assert len({slice_.slice_id for slice_ in known.slices.values()}) == 3064
    assert len({slice_.patient for slice_ in known.slices.values()}) == 233
    assert len({slice_.patient_group for slice_ in known.slices.values()}) == 209
    assert Counter(slice_.label for slice_ in known.slices.values()).keys() == {
        "glioma",
        "meningioma",
        "pituitary",
    }
    assert "CC BY 4.0" in FIGSHARE.read_text(encoding="utf-8")


def test_files_are_found_by_digest_or_by_path(tmp_path: Path) -> None:
    by_digest = read_patients(table(tmp_path, "# a remark\nfile_md5,patient,slice_id\nabc,P1,S1\n"))
    assert by_digest.find("any/name.jpg", "abc").slice_id == "S1"
    assert by_digest.find("any/name.jpg", "abd") is None
    by_path = read_patients(table(tmp_path, "path,patient,label\na/b.jpg,P1,glioma\nc.jpg,,\n"))
    found = by_path.find("a/b.jpg", "any")
    assert (found.patient, found.patient_group, found.slice_id, found.label) == (
        "P1",
        "P1",
        "",
        "glioma",
    )
    assert by_path.find("c.jpg", "any") is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name,patient\na,b\n", "file_md5 or path"),
        ("path,person\na,b\n", "it needs patient"),
        ("", "columns none"),
        ("path,patient\na,P1\na,P2\n", "names a twice"),
    ],
)
def test_a_table_of_another_kind_is_refused(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(DataError, match=named):
        read_patients(table(tmp_path, text))


def test_a_missing_table_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.patients=PATH"):
        read_patients(tmp_path / "gone.csv")
