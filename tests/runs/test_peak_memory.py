import resource
import sys

import numpy as np
import pytest

from brain_tumor.runs.peak_memory import peak_resident

MIB = 2**20


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="nobody counts on Windows")
def test_the_peak_holds_what_was_given_back() -> None:
    size = peak_resident() + 50 * MIB  # more than was ever held
    held = np.ones(size, np.uint8)
    del held
    assert peak_resident() >= size


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has both")
def test_it_is_what_getrusage_says() -> None:
    # A process takes over its parent's ru_maxrss: ours is at most that.
    usage = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert 0 < peak_resident() <= usage + 10 * MIB


@pytest.mark.parametrize(("platform", "unit"), [("darwin", 1), ("freebsd14", 1024)])
def test_units_where_there_is_no_proc(
    platform: str, unit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brain_tumor.runs.peak_memory.kilobytes", lambda *_: None)
    monkeypatch.setattr(sys, "platform", platform)
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak_resident() == pytest.approx(usage * unit, rel=0.1)


def test_windows_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert peak_resident() is None
