from pathlib import Path

import pytest

from brain_tumor.data.sources.table import TableSource
from brain_tumor.errors import ConfigError, DataError


def written(place: Path, *lines: str, columns: str = "path,label") -> Path:
    for line in lines:
        path = place / line.split(",")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    table = place / "scans.csv"
    table.write_text("\n".join([columns, *lines]), encoding="utf-8")
    return table


def test_every_column_reaches_the_scan(tmp_path: Path) -> None:
    columns = "path,label,patient,part,slice,remark"
    table = written(tmp_path, "b.png,glioma,P1,Val,s3,x", "in/a.png,none,,,,", columns=columns)
    source = TableSource(table)
    first, second = source.scans()
    assert (first.path, first.label, first.patient) == ("b.png", "glioma", "P1")
    assert (first.part, first.slice_id) == ("Validation", "s3")
    assert (second.path, second.part, second.patient, second.slice_id) == ("in/a.png", "", "", "")
    assert (source.root, source.classes) == (tmp_path, ("glioma", "none"))


def test_paths_may_be_relative_to_another_folder(tmp_path: Path) -> None:
    table = written(tmp_path / "scans", "a.png,x", "b.png,y")
    moved = table.rename(tmp_path / "moved.csv")
    with pytest.raises(DataError, match=r"names 2 scans, the first a\.png.*data\.root=FOLDER"):
        TableSource(moved).scans()
    assert len(TableSource(moved, tmp_path / "scans").scans()) == 2


def test_whole_paths_below_the_folder_are_taken_as_relative(tmp_path: Path) -> None:
    written(tmp_path / "scans", "in/a.png,x")
    table = tmp_path / "whole.csv"
    table.write_text(f"path,label\n{tmp_path / 'scans' / 'in' / 'a.png'},x", encoding="utf-8")
    (scan,) = TableSource(table, tmp_path / "scans").scans()
    assert scan.path == "in/a.png"


def test_whole_paths_elsewhere_need_no_folder(tmp_path: Path) -> None:
    written(tmp_path / "scans", "in/a.png,x", "out/b.png,y")
    (tmp_path / "tables").mkdir()
    table = tmp_path / "tables" / "whole.csv"
    places = [tmp_path / "scans" / "in" / "a.png", tmp_path / "scans" / "out" / "b.png"]
    table.write_text(f"path,label\n{places[0]},x\n{places[1]},y", encoding="utf-8")
    source = TableSource(table)
    assert source.root == tmp_path / "scans"
    assert [scan.path for scan in source.scans()] == ["in/a.png", "out/b.png"]


def test_labels_are_mapped_and_dropped_as_folders_are(tmp_path: Path) -> None:
    table = written(tmp_path, "a.png,no_tumor", "b.png,glioma", "c.png,unclear")
    source = TableSource(table, None, {"no_tumor": "notumor", "unclear": None})
    assert source.classes == ("glioma", "notumor")
    assert [scan.label for scan in source.scans()] == ["notumor", "glioma"]
    with pytest.raises(ConfigError, match=r"names the label benign, which .* does not hold"):
        TableSource(table, None, {"benign": "notumor"}).scans()
    with pytest.raises(DataError, match=r"no_tumor, unclear are no class \(glioma, notumor\)"):
        TableSource(table, None, None, ("glioma", "notumor")).scans()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path;label\na.png;x\n", "between semicolons: save it with commas"),
        ("path,class\na.png,x\n", r"lacks the columns label.*columns path, label.*data\.table"),
        ("path,label\na.png,x\na.png,y\n", r"scan 2: a\.png is named twice"),
        ("path,label\na.png,\n", "scan 1 has no label"),
        ("path,label\n,x\n", "scan 1 has no path"),
        ("path,label\n", "names no scan"),
        (
            "path,label,part\na.png,x,later\n",
            r"scan 1: a\.png is published in .*'later'",
        ),
        ("\0", "NUL character"),
    ],
)
def test_a_faulty_table_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    table = tmp_path / "scans.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        TableSource(table).scans()


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv cannot be read \(No such file"):
        TableSource(tmp_path / "nowhere.csv").scans()


@pytest.mark.parametrize("classes", [None, ["y", "z"]])
def test_a_table_of_which_all_is_left_out_is_refused(
    tmp_path: Path, classes: list[str] | None
) -> None:
    table = tmp_path / "scans.csv"
    table.write_text("path,label\na.png,x\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"leaves out every label of .*scans\.csv \(x\)"):
        TableSource(table, names={"x": None}, classes=classes).scans()
