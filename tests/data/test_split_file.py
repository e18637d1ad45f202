from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain_tumor.data.split import Split
from brain_tumor.data.split_file import check_straddling, read_split
from brain_tumor.errors import DataError

ROWS = {"a.jpg": 0, "b.jpg": 1, "c.jpg": 2, "again.jpg": None}


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "split.csv"
    path.write_text("\n".join(["path,part", *lines]) + "\n", encoding="utf-8")
    return path


def test_parts_are_read_and_dropped_files_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, "c.jpg,train", "a.jpg,test", "again.jpg,test", "b.jpg,train")
    split = read_split(path, ROWS)
    assert split.train.tolist() == [1, 2]
    assert split.validation.tolist() == []
    assert split.test.tolist() == [0]


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (("a.jpg,train", "b.jpg,Test"), "line 3: 'Test' is no part"),
        (("a.jpg,train", "d.jpg,test"), "line 3: there is no scan d.jpg"),
        (("a.jpg,train", "a.jpg,test"), "line 3: a.jpg is named twice"),
        (("a.jpg,train", "again.jpg,test"), "no usable scan in part test"),
        ((), "needs the columns path"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, lines: tuple[str, ...], named: str
) -> None:
    with pytest.raises(DataError, match=named):
        read_split(written(tmp_path, *lines), ROWS)


def test_a_file_that_a_spreadsheet_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_text("path,part\r\na.jpg,train\r\nb.jpg,test\r\n", encoding="utf-8-sig")
    assert read_split(path, ROWS).test.tolist() == [1]
    path.write_text("path;part\na.jpg;train\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"path;part.*parted by commas"):
        read_split(path, ROWS)


def test_a_missing_file_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="path and part"):
        read_split(tmp_path / "gone.csv", ROWS)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=30),
)
def test_it_is_refused_if_and_only_if_a_group_straddles(scans: list[tuple[int, int]]) -> None:
    groups, parts = (np.array(values, np.int64) for values in zip(*scans, strict=True))
    split = Split(*(np.flatnonzero(parts == part) for part in range(3)))
    paths = [f"{i}.jpg" for i in range(len(scans))]
    straddling = [g for g in set(groups.tolist()) if len(set(parts[groups == g].tolist())) > 1]
    if not straddling:
        check_straddling(split, groups, paths, "mine")
        return
    with pytest.raises(DataError) as refused:
        check_straddling(split, groups, paths, "mine")
    assert f"in {len(straddling)} groups" in str(refused.value)
    named = str(refused.value).split("groups: ")[1].split(". Move")[0].split("; ")
    assert len(named) == min(3, len(straddling))
    for pair in named:
        one, other = (int(word.split(".jpg")[0]) for word in pair.split(" and "))
        assert groups[one] == groups[other]
        assert parts[one] != parts[other]
