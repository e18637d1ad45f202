from pathlib import Path

import pytest

from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.errors import ConfigError, DataError

CLASSES = ("glioma", "meningioma", "notumor")


def raw(root: Path, *files: str) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def listed(source: FolderSource) -> list[tuple[str, str, str]]:
    return [(scan.path, scan.part, scan.label) for scan in source.scans()]


def test_parts_come_in_order_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    for folder in ("Testing", "Training"):
        raw(tmp_path, *(f"{folder}/{label}/b.jpg" for label in ("notumor", "glioma")))
        raw(tmp_path, f"{folder}/glioma/a.png", f"{folder}/glioma/.DS_Store", f"{folder}/x.txt")
        raw(tmp_path, f"{folder}/glioma/.cache/c.jpg", f"{folder}/.cache/c.jpg")
    source = FolderSource(tmp_path)
    assert source.classes == ("glioma", "notumor")
    assert listed(source) == [
        (f"{part}/{path}", part, path.split("/")[0])
        for part in ("Training", "Testing")
        for path in ("glioma/a.png", "glioma/b.jpg", "notumor/b.jpg")
    ]


@pytest.mark.parametrize("deep", ["", "set/"])
@pytest.mark.parametrize(
    "parts",
    [("train", "val", "test"), ("Training", "VALID", "Testing"), ("TRAIN", "Validation", "tEsT")],
)
def test_parts_have_many_spellings_and_may_lie_one_folder_too_deep(
    tmp_path: Path, parts: tuple[str, ...], deep: str
) -> None:
    raw(tmp_path, *(f"{deep}{part}/{label}/a.jpg" for part in parts for label in ("a", "b", "c")))
    source = FolderSource(tmp_path)
    assert source.classes == ("a", "b", "c")
    assert [scan.part for scan in source.scans()] == [
        part for part in ("Training", "Validation", "Testing") for _ in "abc"
    ]
    assert source.scans()[0].path == f"{parts[0]}/a/a.jpg"  # wherever the root was given


@pytest.mark.parametrize("deep", ["", "set/"])
def test_class_folders_lie_side_by_side(tmp_path: Path, deep: str) -> None:
    raw(tmp_path, f"{deep}no/b.jpg", f"{deep}no/a.png", f"{deep}yes/p1/c.jpg", f"{deep}x.csv")
    raw(tmp_path, ".git/glioma/d.jpg", "README.txt")
    source = FolderSource(tmp_path)
    assert source.classes == ("no", "yes")
    assert listed(source) == [
        ("no/a.png", "", "no"),
        ("no/b.jpg", "", "no"),
        ("yes/p1/c.jpg", "", "yes"),
    ]


def test_with_known_classes_some_may_be_missing_and_one_is_no_folder_too_deep(
    tmp_path: Path,
) -> None:
    raw(tmp_path, "glioma/p1/c.jpg", "glioma/p2/c.jpg")
    source = FolderSource(tmp_path, None, CLASSES)
    assert source.classes == CLASSES
    assert [scan.label for scan in source.scans()] == ["glioma", "glioma"]


@pytest.mark.parametrize("place", ["", "Testing/"])
def test_no_folder_is_taken_for_a_class_by_guess(tmp_path: Path, place: str) -> None:
    raw(tmp_path, f"{place}glioma/a.jpg", f"{place}no_tumor/b.jpg", f"{place}Glioma 2/c.jpg")
    with pytest.raises(DataError) as refused:
        FolderSource(tmp_path, {}, CLASSES).scans()
    said = str(refused.value)
    for part in ("folders Glioma 2, glioma, no_tumor", "which Glioma 2, no_tumor are no class"):
        assert part in said
    assert "(glioma, meningioma, notumor)" in said
    assert '"data.names={Glioma 2: CLASS}"' in said
    names = {"no_tumor": "notumor", "Glioma 2": "glioma"}
    found = FolderSource(tmp_path, names, CLASSES).scans()
    assert sorted(scan.label for scan in found) == ["glioma", "glioma", "notumor"]


def test_names_map_and_drop_folders_whatever_the_classes(tmp_path: Path) -> None:
    raw(tmp_path, "glioma/a.jpg", "unclear/b.jpg", "no_tumor/c.jpg")
    names = {"unclear": None, "no_tumor": "notumor"}
    source = FolderSource(tmp_path, names)
    assert source.classes == ("glioma", "notumor")
    assert [scan.path for scan in source.scans()] == ["glioma/a.jpg", "no_tumor/c.jpg"]


def test_a_class_may_be_called_as_a_part_where_it_is_mapped(tmp_path: Path) -> None:
    raw(tmp_path, "test/a.jpg", "control/b.jpg")
    assert FolderSource(tmp_path, {"test": "patient"}).classes == ("control", "patient")


def test_a_folder_beside_the_parts_is_a_class_of_theirs_or_has_to_be_mapped(
    tmp_path: Path,
) -> None:
    raw(tmp_path, "train/a/1.jpg", "train/b/1.jpg", "b/2.jpg", "masks/1.png")
    with pytest.raises(DataError, match=r'masks.*"data.names=\{masks: null\}"'):
        FolderSource(tmp_path).scans()
    assert listed(FolderSource(tmp_path, {"masks": None}))[-1] == ("b/2.jpg", "", "b")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"glioma": "tumour"}, "maps glioma to 'tumour', which is no class"),
        ({"no_tumor": "notumor"}, "names the folder no_tumor, which .* does not hold: it holds gl"),
    ],
)
def test_a_mapping_that_leads_nowhere_is_refused(
    tmp_path: Path, names: dict[str, str | None], message: str
) -> None:
    raw(tmp_path, "glioma/a.jpg")
    with pytest.raises(ConfigError, match=message):
        FolderSource(tmp_path, names, CLASSES).scans()


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
        FolderSource(tmp_path, names, CLASSES).scans()


def test_a_missing_folder_is_named_with_the_phantoms(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*nowhere.*data\.root=FOLDER.*data=phantom"):
        FolderSource(tmp_path / "nowhere")


def test_a_table_in_the_place_of_a_folder_is_told_where_it_belongs(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n")
    with pytest.raises(DataError, match=r"is a table: give it as data\.table="):
        FolderSource(table)
