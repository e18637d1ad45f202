from collections.abc import Callable

import pytest

from brain_tumor.doctor.child import run_in_child
from brain_tumor.doctor.finding import Finding

CHECKS = ("libraries.opencv_imports", "inputs.scans")
SMALL = ("data.root=nowhere", "data.source=folder", "data.classes=[a,b]")


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
def test_a_failing_library_fails_its_check_and_skips_the_next(
    configure: Callable, plant: Callable, cv2: str, timeout: float, failure: str
) -> None:
    plant("cv2", cv2)
    found = run_in_child(CHECKS, configure(*SMALL, f"timeout={timeout}"), {})
    (finding,) = found[CHECKS[0]]
    assert (finding.mark, finding.topic) == ("wrong", "opencv")
    assert failure in finding.message
    assert found[CHECKS[1]] == []


def test_a_crash_keeps_earlier_findings_whatever_libraries_print(
    configure: Callable, plant: Callable
) -> None:
    plant("cv2", "print('{}'); __version__ = '5'\ndef __getattr__(name): import os; os.abort()")
    found = run_in_child(CHECKS, configure(*SMALL), {})
    assert found[CHECKS[0]] == [Finding("ok", "opencv", "OpenCV 5 works.")]
    assert "SIGABRT" in found[CHECKS[1]][0].message


@pytest.mark.slow  # a child process that imports torch
def test_what_was_counted_comes_home(configure: Callable) -> None:
    counts = {"scans": 3}
    checks = ("libraries.torch_imports", "device.device", "inputs.network")
    found = run_in_child(checks, configure("trainer=cpu"), counts)
    assert [finding.mark for check in checks for finding in found[check]] == ["ok"] * 3
    assert counts == {"scans": 3, "parameters": 8_415_796}  # of the report


OWN_SCANS = """
from brain_tumor.files.source import Scan, ScanSource

class MyScans(ScanSource):
    def scans(self):
        return [Scan(f"scan {number}", f"class {number % 2}") for number in range(6)]
"""


@pytest.mark.slow
def test_a_source_of_one_s_own_is_read_where_it_is_trusted(
    configure: Callable, plant: Callable
) -> None:
    plant("doctors_scans", OWN_SCANS)
    words = ("data=own", "data._target_=doctors_scans.MyScans")
    for trust, mark, said in (
        *(("doctors_scans", "ok", "holds 6 scans"), ("", "wrong", "trust=[doctors_scans]")),
    ):
        counts: dict[str, int] = {}
        config = configure(*words, f"trust=[{trust}]")
        (finding,) = run_in_child(("inputs.scans",), config, counts)["inputs.scans"]
        assert (finding.mark, counts.get("scans")) == (mark, 6 if trust else None)
        assert said in " ".join(finding.message.split())


@pytest.mark.slow  # a child process that imports torch
def test_a_value_that_is_not_given_is_named(configure: Callable) -> None:
    (finding,) = run_in_child(("inputs.scans",), configure("data=folder"), {})["inputs.scans"]
    assert finding.mark == "wrong"
    assert finding.message == "data.root is not given: add data.root=VALUE."
