from pathlib import Path

import pytest

from brain_tumor.data.external.find import find_external_scans
from brain_tumor.errors import ConfigError, DataError

CLASSES = ("glioma", "meningioma", "notumor")


def raw(root: Path, *files: str) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def test_class_folders_lie_side_by_side_and_some_may_be_missing(tmp_path: Path) -> None:
    root = raw(tmp_path, "notumor/b.jpg", "notumor/a.png", "glioma/p1/c.jpg", "README.txt", "x.csv")
    raw(tmp_path, "glioma/.DS_Store", ".git/glioma/d.jpg", "notumor/.cache/e.jpg")
    found = find_external_scans(root, {}, CLASSES)
    assert [(scan.path, scan.folder, scan.label) for scan in found] == [
        ("glioma/p1/c.jpg", "", "glioma"),
        ("notumor/a.png", "", "notumor"),
        ("notumor/b.jpg", "", "notumor"),
    ]


@pytest.mark.parametrize("halves", [("Training",), ("Testing",), ("Training", "Testing")])
def test_one_or_both_halves_may_hold_them(tmp_path: Path, halves: tuple[str, ...]) -> None:
    for half in halves:
        raw(tmp_path, f"{half}/glioma/a.jpg")
    found = find_external_scans(tmp_path, {}, CLASSES)
    assert [(scan.folder, scan.label) for scan in found] == [(half, "glioma") for half in halves]


@pytest.mark.parametrize("place", ["", "Testing/"])
def test_no_folder_is_taken_for_a_class_by_guess(tmp_path: Path, place: str) -> None:
    raw(tmp_path, f"{place}glioma/a.jpg", f"{place}no_tumor/b.jpg", f"{place}Glioma 2/c.jpg")
    with pytest.raises(DataError) as refused:
        find_external_scans(tmp_path, {}, CLASSES)
    said = str(refused.value)
    for part in ("folders Glioma 2, glioma, no_tumor", "which Glioma 2, no_tumor are no class"):
        assert part in said
    assert "(glioma, meningioma, notumor)" in said
    assert '"data.names={Glioma 2: CLASS}"' in said
    names = {"no_tumor": "notumor", "Glioma 2": "glioma"}
    found = find_external_scans(tmp_path, names, CLASSES)
    assert sorted(scan.label for scan in found) == ["glioma", "glioma", "notumor"]


def test_a_folder_mapped_to_nothing_is_left_out(tmp_path: Path) -> None:
    raw(tmp_path, "glioma/a.jpg", "unclear/b.jpg", "notumor/c.jpg")
    found = find_external_scans(tmp_path, {"unclear": None, "notumor": None}, CLASSES)
    assert [scan.path for scan in found] == ["glioma/a.jpg"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"glioma": "tumour"}, "maps glioma to 'tumour', which is no class of the run"),
        ({"no_tumor": "notumor"}, "names the folder no_tumor, which .* does not hold: it holds gl"),
    ],
)
def test_a_mapping_that_leads_nowhere_is_refused(
    tmp_path: Path, names: dict[str, str | None], message: str
) -> None:
    raw(tmp_path, "glioma/a.jpg")
    with pytest.raises(ConfigError, match=message):
        find_external_scans(tmp_path, names, CLASSES)


@pytest.mark.parametrize(
    ("files", "names", "message"),
    [
        (["a.jpg"], {}, "holds no class folder"),
        (["glioma/.hidden"], {}, "has no file in the folder of any class"),
        (["unclear/a.jpg"], {"unclear": None}, "has no file in the folder of any class"),
    ],
)
def test_a_folder_without_scans_is_refused(
    tmp_path: Path, files: list[str], names: dict[str, str | None], message: str
) -> None:
    raw(tmp_path, *files)
    with pytest.raises(DataError, match=message):
        find_external_scans(tmp_path, names, CLASSES)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no folder .*nowhere.*data\.root=FOLDER"):
        find_external_scans(tmp_path / "nowhere", {}, CLASSES)
