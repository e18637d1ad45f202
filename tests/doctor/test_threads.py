from pathlib import Path

import pytest

from brain_tumor.doctor import threads as module
from brain_tumor.doctor.child import Answer
from brain_tumor.doctor.finding import Finding, Mark
from brain_tumor.doctor.threads import VARIABLES, cpu_limit, threads


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "usable_cores", lambda: 4)
    monkeypatch.setattr(module, "cpu_limit", lambda: None)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def look(machine_with, number: int) -> Finding:
    (found,) = threads(machine_with(torch__torch={"threads": number}))
    return found


@pytest.mark.parametrize("number", [2, 4])
def test_no_more_threads_than_cores_are_well(machine_with, number: int) -> None:
    assert look(machine_with, number).mark is Mark.OK


def test_one_thread_by_accident(machine_with, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(machine_with, 1).mark is Mark.OK  # nobody asked for it: torch knows why
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    found = look(machine_with, 1)
    assert found.mark is Mark.WARNING
    assert found.remedy.startswith("unset OMP_NUM_THREADS")


def test_one_thread_on_one_core_is_well(machine_with, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "usable_cores", lambda: 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert look(machine_with, 1).mark is Mark.OK


def test_more_threads_than_cores(machine_with, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    found = look(machine_with, 16)
    assert found.mark is Mark.WARNING
    assert "OMP_NUM_THREADS=16" in found.found


@pytest.mark.parametrize(("limit", "allowed"), [(1.5, 2), (0.5, 1)])
def test_a_container_that_may_use_less(
    machine_with, monkeypatch: pytest.MonkeyPatch, limit: float, allowed: int
) -> None:
    monkeypatch.setattr(module, "cpu_limit", lambda: limit)
    found = look(machine_with, 4)
    assert found.mark is Mark.WARNING
    assert found.remedy == f"set OMP_NUM_THREADS={allowed}"
    assert look(machine_with, allowed).mark is Mark.OK


def test_without_torch_the_cores_are_told(machine_with) -> None:
    (found,) = threads(machine_with(torch=Answer({}, "it crashed (SIGILL)")))
    assert found.found == "4 cores"


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "150000 100000"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5),
        ({}, None),
        ({"cpu.max": ""}, None),
    ],
)
def test_limits_of_control_groups(
    tmp_path: Path, files: dict[str, str], limit: float | None
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content + "\n")
    assert cpu_limit(tmp_path) == limit
