from collections.abc import Callable

import pytest

from brain_tumor.doctor import child
from brain_tumor.doctor.child import Probes, run_probes
from brain_tumor.doctor.found import Library

GROUP = ("opencv", "scans")
SETTINGS = {"data": {"root": "nowhere", "source": "folder", "classes": ["a", "b"]}}


@pytest.mark.parametrize(
    ("cv2", "timeout", "failure"),
    [
        ("import os; os.abort()", 30, "SIGABRT"),
        ("import sys; sys.exit('no such library')", 30, "status 1: no such library"),
        ("import os; os._exit(7)", 30, "status 7"),
        ("import time; time.sleep(60)", 1, "no answer within 1 s"),
        ("raise ImportError('libGL.so.1: cannot open')", 30, "ImportError: libGL.so.1"),
    ],
)
def test_a_failing_library_fails_its_probe_and_skips_the_next(
    plant: Callable[[str, str], None], cv2: str, timeout: float, failure: str
) -> None:
    plant("cv2", cv2)
    found = run_probes(GROUP, SETTINGS, timeout)
    assert failure in found["opencv"].error
    assert found["scans"] is None


def test_a_crash_keeps_earlier_results_whatever_libraries_print(
    plant: Callable[[str, str], None],
) -> None:
    plant("cv2", "print('{}'); __version__ = '5'\ndef __getattr__(name): import os; os.abort()")
    found = run_probes(GROUP, SETTINGS, 30)
    assert found["opencv"] == Library("5")
    assert "SIGABRT" in found["scans"].error


def test_a_group_runs_once_and_only_when_it_is_needed(
    configure: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def run(names: tuple[str, ...], settings: dict, timeout: float) -> dict:
        calls.append((names, settings["data"]["classes"], timeout))
        return {name: Library(name) for name in names}

    monkeypatch.setattr(child, "run_probes", run)
    probes = Probes(configure("data.classes=[a,b]", "timeout=5"))
    assert calls == []
    assert (probes["scans"], probes["opencv"]) == (Library("scans"), Library("opencv"))
    assert calls == [(GROUP, ["a", "b"], 5)]
