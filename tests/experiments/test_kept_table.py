import csv
import gzip
from pathlib import Path

import pytest

from brain_tumor.errors import DataError
from experiments.kept_table import read_table, write_table
from experiments.with_path import run_with_path

ROWS = [{"name": "a, b", "score": 1 / 3, "scans": 2}, {"name": "", "score": 0.0, "scans": 10**7}]
READ = [
    {"name": "a, b", "score": "0.333333", "scans": "2"},
    {"name": "", "score": "0.000000", "scans": "10000000"},
]


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    write_table(plain, ROWS)
    write_table(packed, ROWS)
    with plain.open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == READ
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert read_table(plain) == read_table(packed) == READ
    first = packed.read_bytes()
    write_table(packed, iter(ROWS))
    assert packed.read_bytes() == first


def test_columns_that_are_not_asked_for_are_left_out(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", ROWS, ["scans", "name"])
    assert (tmp_path / "a.csv").read_text() == 'scans,name\n2,"a, b"\n10000000,\n'


def test_a_script_says_how_it_is_called_and_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr("sys.argv", ["script", "net.pth"])
    run_with_path(called.append, "usage")
    assert called == ["net.pth"]

    def fail(weights: str) -> None:
        raise DataError(f"{weights} is gone")

    with pytest.raises(SystemExit, match=r"net\.pth is gone"):
        run_with_path(fail, "usage")
    monkeypatch.setattr("sys.argv", ["script"])
    with pytest.raises(SystemExit, match="usage"):
        run_with_path(called.append, "usage")
