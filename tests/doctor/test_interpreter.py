import sys
from types import SimpleNamespace

import pytest

from brain_tumor.doctor.finding import Mark
from brain_tumor.doctor.interpreter import WRITTEN, clock, encoding, python_version


def test_this_python_is_in_range() -> None:
    assert [finding.mark for finding in python_version()] == [Mark.OK]


def test_a_python_out_of_range_is_broken(install) -> None:
    install("brain-tumor", "9.9", Requires_Python=">=3.99")
    (found,) = python_version()
    assert found.mark is Mark.BROKEN
    assert ">=3.99" in found.found


@pytest.mark.parametrize(
    ("files", "terminal", "mark"),
    [
        ("utf-8", "UTF-8", Mark.OK),
        ("ascii", "UTF-8", Mark.WARNING),
        ("utf-8", "cp1252", Mark.WARNING),
        ("utf-8", None, Mark.WARNING),
    ],
)
def test_encodings(
    files: str, terminal: str | None, mark: Mark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: files)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding=terminal))
    (found,) = encoding()
    assert found.mark is mark
    assert ("PYTHONUTF8" in found.remedy) == (mark is Mark.WARNING)


def test_a_clock_before_this_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [finding.mark for finding in clock()] == [Mark.OK]
    monkeypatch.setattr("time.time", lambda: WRITTEN.timestamp() - 1)
    (found,) = clock()
    assert found.mark is Mark.WARNING
    assert "2025-12-31" in found.found
