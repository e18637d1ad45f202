import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from brain_tumor.data.groups.pairs import read_pairs
from brain_tumor.data.groups.patients import read_patients
from brain_tumor.data.split_file import read_split
from brain_tumor.errors import DataError
from brain_tumor.files.table_file import read_table

TEXT = "path,part,patient\nä.jpg,train,P1\nb.jpg,test,P2\n"
ROWS: dict[str, int | None] = {"ä.jpg": 0, "b.jpg": 1}


def no_table(path: Path) -> None:
    if os.name == "nt":
        pytest.skip("no pipes here")
    os.mkfifo(path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(8 * 2**30)


# How the file is made, and why it is refused.
DAMAGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "utf-16": (lambda p: p.write_bytes(TEXT.encode("utf-16")), "not UTF-8"),
    "utf-16 without a mark": (lambda p: p.write_bytes(TEXT.encode("utf-16-le")), "not UTF-8"),
    "latin-1": (lambda p: p.write_bytes(TEXT.encode("latin-1")), "not UTF-8.*at byte 18"),
    "nul": (lambda p: p.write_text(TEXT.replace("P1", "\0"), encoding="utf-8"), "a NUL character"),
    "zeros": (lambda p: p.write_bytes(bytes(1000)), "a NUL character"),
    "huge field": (
        lambda p: p.write_text(TEXT.replace("P1", "x" * 200_000), encoding="utf-8"),
        "line 2: field larger than field limit",
    ),
    "open quote": (
        lambda p: p.write_text(TEXT.replace("P1", '"P1'), encoding="utf-8"),
        "unexpected end|other than the 3 cells|needs",
    ),
    "too few cells": (
        lambda p: p.write_text(TEXT.replace(",P2", ""), encoding="utf-8"),
        "line 3 has other than the 3 cells",
    ),
    "too many cells": (
        lambda p: p.write_text(TEXT.replace("P1", "P1,P2"), encoding="utf-8"),
        "line 2 has other than the 3 cells",
    ),
    "column twice": (
        lambda p: p.write_text(TEXT.replace("patient", "part"), encoding="utf-8"),
        "names a column twice",
    ),
    "folder": (lambda p: p.mkdir(), "it is a folder"),
    "pipe": (no_table, "it is a pipe"),
    "many GB": (sparse, "8,589,934,592 bytes, more than 256 MiB"),
    "no file": (lambda p: None, "No such file"),
    "picture": (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n"), "not UTF-8"),
}


@pytest.mark.parametrize("kind", [kind for kind in DAMAGED if kind != "open quote"])
def test_what_is_no_table_is_refused_in_a_few_words(tmp_path: Path, kind: str) -> None:
    make, reason = DAMAGED[kind]
    path = tmp_path / "table.csv"
    make(path)
    with pytest.raises((OSError, ValueError), match=reason):
        read_table(path)


@pytest.mark.parametrize("kind", DAMAGED)
def test_tables_that_users_give_are_refused_in_a_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "table.csv"
    DAMAGED[kind][0](path)
    with pytest.raises(DataError, match=r"table\.csv"):
        read_split(path, ROWS)
    if kind == "open quote":  # the rest of the file is one cell
        read_patients(path)
        return
    with pytest.raises(DataError, match=r"patient table .*table\.csv cannot be read \("):
        read_patients(path)


@pytest.mark.parametrize("kind", DAMAGED)
def test_our_own_tables_raise_what_they_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "table.csv"
    DAMAGED[kind][0](path)
    with pytest.raises((OSError, ValueError)):
        read_pairs(path, list(ROWS))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_ends_of_lines_are_as_spreadsheets_write_them(
    tmp_path: Path, encoding: str, end: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes((TEXT + "\n").replace("\n", end).encode(encoding))
    columns, lines = read_table(path, ("path", "part"))
    assert columns == ["path", "part", "patient"]
    assert lines[0] == {"path": "ä.jpg", "part": "train", "patient": "P1"}
    assert read_split(path, ROWS).test.tolist() == [1]


def test_columns_without_a_name_and_remarks_are_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("#a, remark\npath,patient,,\n# another\na,P1,,\n", encoding="utf-8")
    assert read_patients(path).slices["a"].patient == "P1"
    with pytest.raises(ValueError, match="other than the 2 cells"):
        read_table(path)


@pytest.mark.parametrize("text", ["", "path,part\n", "\n\n\n", "path,patient\n", "\ufeff"])
def test_a_table_without_lines_is_empty_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="no line below its header"):
        read_split(path, ROWS)
    if "patient" in text:
        assert read_patients(path).slices == {}
    else:
        with pytest.raises(DataError, match="it needs patient"):
            read_patients(path)


def test_the_same_line_twice_is_one_in_a_patient_table_and_refused_in_a_split(
    tmp_path: Path,
) -> None:
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["path", "part", "patient"], *[["b.jpg", "test", "P2"]] * 2])
    assert list(read_patients(path).slices) == ["b.jpg"]
    with pytest.raises(DataError, match="named twice"):
        read_split(path, ROWS)


def test_spaces_after_the_commas_belong_to_no_cell(tmp_path: Path) -> None:
    place = tmp_path / "labels.csv"
    place.write_text("path, label \na b.png, no tumour\n", encoding="utf-8")
    columns, lines = read_table(place, ["path", "label"])
    assert columns == ["path", "label"]
    assert lines == [{"path": "a b.png", "label": "no tumour"}]
    # Where the header has none, a name may begin with a space.
    place.write_text("path,label\n a.png, b\n", encoding="utf-8")
    assert read_table(place)[1] == [{"path": " a.png", "label": " b"}]
