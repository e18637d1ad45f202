import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig

from brain_tumor.doctor import device as module
from brain_tumor.doctor.device import device, threads
from brain_tumor.doctor.finding import Finding

Machine = Callable[..., list[str]]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Make torch find a card or none; give the devices on which something was computed."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for name in ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (
        *(("get_device_name", "T4"), ("device_count", 1), ("mem_get_info", (2**30, 2**31))),
    ):
        monkeypatch.setattr(torch.cuda, name, lambda value=value: value)
    computed: list[str] = []

    def made(cuda: bool, mps: bool = False, difference: float = 0.0, reason: str = "") -> list[str]:
        def is_available() -> bool:
            if reason:
                warnings.warn(reason, stacklevel=1)
            return cuda

        def gradient(device: str) -> torch.Tensor:
            computed.append(device)
            return torch.tensor([0.0 if device == "cpu" else difference])

        monkeypatch.setattr(torch.cuda, "is_available", is_available)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(module, "_gradient", gradient)
        return computed

    return made


def with_accelerator(configure: Callable, accelerator: str) -> DictConfig:
    config = configure()
    config.trainer.accelerator = accelerator
    return config


@pytest.mark.parametrize(
    ("accelerator", "cuda", "mps", "kind"),
    [
        ("auto", True, False, "cuda"),
        ("auto", False, True, "mps"),
        ("auto", False, False, "cpu"),
        ("gpu", False, True, "mps"),
        ("cpu", True, False, "cpu"),
        ("gpu", False, False, None),
        ("cuda", False, True, None),
        ("tpu", False, False, None),
    ],
)
def test_the_device_is_the_one_that_lightning_takes(
    configure: Callable, machine: Machine, accelerator: str, cuda: bool, mps: bool, kind: str | None
) -> None:
    computed = machine(cuda, mps)
    (finding,) = device(with_accelerator(configure, accelerator), {})
    assert finding.mark == ("wrong" if kind is None else "ok")
    assert bool(finding.fix) == (kind is None)
    assert computed == ([] if kind is None else [kind, "cpu"])
    assert ("T4" in finding.message) == (kind == "cuda")


@pytest.mark.parametrize("difference", [0.5, float("nan")])
def test_a_card_that_computes_otherwise_is_wrong(
    configure: Callable, machine: Machine, difference: float
) -> None:
    machine(cuda=True, difference=difference)
    (finding,) = device(configure(), {})
    assert (finding.mark, finding.fix) == ("wrong", "add trainer=cpu")


def test_this_cpu_computes_the_same_twice(configure: Callable) -> None:
    assert next(device(configure("trainer=cpu"), {})).mark == "ok"


def test_a_processor_without_bf16_is_told(
    configure: Callable, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(cuda=False)
    for has in (False, True):
        monkeypatch.setattr(module, "cpu_has_bf16", lambda has=has: has)
        (finding,) = device(configure(), {})
        assert finding.mark == "ok" and ("no bf16" in finding.message) is not has


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
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    cuda: str | None,
    visible: str | None,
    reason: str,
    expected: str,
) -> None:
    machine(cuda=False, reason=reason)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(torch.version, "cuda", cuda)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    findings = list(device(configure(), {}))
    assert [finding.mark for finding in findings] == ["ok", "note"]
    assert expected in findings[1].message
    assert len(list(device(configure("trainer=cpu"), {}))) == 1
    machine(cuda=True)
    assert len(list(device(configure(), {}))) == 1


@pytest.fixture
def four_cores(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(4)), raising=False)


@pytest.fixture
def threads_of(
    four_cores: None, configure: Callable, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Finding]:
    def found(number: int, *overrides: str) -> Finding:
        monkeypatch.setattr(torch, "get_num_threads", lambda: number)
        (finding,) = threads(configure(*overrides), {})
        return finding

    return found


def test_threads_are_compared_with_cores(
    threads_of: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "read_cgroup", lambda name: "max 100000")
    assert threads_of(4).mark == "ok"
    assert threads_of(1).mark == "ok"
    assert threads_of(8).fix == "add threads=4"
    assert threads_of(4, "threads=5").mark == "note"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert threads_of(1).fix == "add threads=4"
    assert threads_of(1, "threads=1").mark == "ok"


@pytest.mark.parametrize(("quota", "cores"), [("150000 100000", 2), ("50000 100000", 1)])
def test_a_container_may_use_fewer_cores(
    threads_of: Callable[..., Finding],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    quota: str,
    cores: int,
) -> None:
    monkeypatch.setattr("brain_tumor.doctor.resources.CGROUP", tmp_path)
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert threads_of(4).fix == f"add threads={cores}"
