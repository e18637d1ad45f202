import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from brain_tumor.doctor import device as module
from brain_tumor.doctor.device import device, threads
from brain_tumor.doctor.found import Device, Failure, Finding, Found, Torch

CPU = Device("cpu", True, "")
CUDA = Device("cuda", True, "", name="T4", count=1, free=2**30)
MISSING = Device(None, False, "")


@pytest.fixture(autouse=True)
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for name in ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("found", "mark"),
    [
        (CPU, "ok"),
        (CUDA, "ok"),
        (replace(CUDA, difference=0.5), "wrong"),
        (replace(CUDA, difference=float("nan")), "wrong"),
        (MISSING, "wrong"),
        (Failure("RuntimeError: no kernel image is available"), "wrong"),
    ],
)
def test_a_device_has_to_be_there_and_compute(configure: Callable, found: Found, mark: str) -> None:
    (finding,) = device(configure(), {"device": found})
    assert finding.mark == mark
    assert bool(finding.fix) == (mark == "wrong")


def test_a_processor_without_bf16_is_told(configure: Callable) -> None:
    (finding,) = device(configure(), {"device": replace(CPU, bf16=False)})
    assert finding.mark == "ok" and "no bf16" in finding.message
    (finding,) = device(configure(), {"device": replace(CPU, bf16=True)})
    assert "bf16" not in finding.message


@pytest.mark.parametrize(
    ("cuda", "visible", "reason", "expected"),
    [
        (None, None, "", "built without CUDA"),
        ("13.2", "", "", "CUDA_VISIBLE_DEVICES hides"),
        ("13.2", None, "the driver is too old", "CUDA 13.2: the driver is too old"),
    ],
)
def test_an_nvidia_gpu_that_torch_does_not_use_is_a_note(
    configure: Callable,
    monkeypatch: pytest.MonkeyPatch,
    cuda: str | None,
    visible: str | None,
    reason: str,
    expected: str,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    probes = {"device": replace(CPU, reason=reason), "torch": Torch("2", cuda, 1)}
    findings = list(device(configure(), probes))
    assert [finding.mark for finding in findings] == ["ok", "note"]
    assert expected in findings[1].message
    assert len(list(device(configure("trainer=cpu"), probes))) == 1
    assert len(list(device(configure(), probes | {"device": CUDA}))) == 1


def threads_of(configure: Callable, number: int, *overrides: str) -> Finding:
    (finding,) = threads(configure(*overrides), {"torch": Torch("2", None, number)})
    return finding


def test_threads_are_compared_with_cores(
    configure: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(4)), raising=False)
    monkeypatch.setattr(module, "read_cgroup", lambda name: "max 100000")
    assert threads_of(configure, 4).mark == "ok"
    assert threads_of(configure, 1).mark == "ok"
    assert threads_of(configure, 8).fix == "add threads=4"
    assert threads_of(configure, 4, "threads=5").mark == "note"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert threads_of(configure, 1).fix == "add threads=4"
    assert threads_of(configure, 1, "threads=1").mark == "ok"


@pytest.mark.parametrize(("quota", "cores"), [("150000 100000", 2), ("50000 100000", 1)])
def test_a_container_may_use_fewer_cores(
    configure: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quota: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(4)), raising=False)
    monkeypatch.setattr("brain_tumor.doctor.resources.CGROUP", tmp_path)
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert threads_of(configure, 4).fix == f"add threads={cores}"


def test_without_torch_there_is_nothing_to_add(configure: Callable) -> None:
    probes = {"torch": Failure("it crashed"), "device": None}
    assert [*device(configure(), probes), *threads(configure(), probes)] == []
