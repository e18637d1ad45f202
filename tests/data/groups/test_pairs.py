from pathlib import Path

import pytest

from brain_tumor.data.groups.pairs import Pair, read_pairs, write_pairs

NAMES = ("a, b.jpg", 'c"d.jpg', "e.jpg")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    pairs = [Pair(0, 2, "as is", 0.9876, 0.5), Pair(1, 2, "turned clockwise", 1.0, 1.0)]
    write_pairs(tmp_path / "pairs.csv", pairs, NAMES)
    assert read_pairs(tmp_path / "pairs.csv", NAMES) == pairs


def test_an_unknown_name_is_an_error(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs.csv", [Pair(0, 2, "as is", 0.98, 0.9)], NAMES)
    with pytest.raises(KeyError):
        read_pairs(tmp_path / "pairs.csv", NAMES[:2])
