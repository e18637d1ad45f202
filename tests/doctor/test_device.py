import shutil
from pathlib import Path

import pytest

from brain_tumor.doctor.device import FALLBACK, device
from brain_tumor.doctor.finding import Finding, Mark


@pytest.fixture(autouse=True)
def no_card_nor_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr("brain_tumor.doctor.device.DRIVER", Path("nowhere"))
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.delenv(FALLBACK, raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


CARD = {"kind": "cuda", "cuda_available": True, "name": "T4", "count": 1, "memory": 2**30}
MAC = {"kind": "mps", "mps_available": True}


def look(machine) -> list[Finding]:
    return list(device(machine))


def test_a_cpu_is_well_and_deterministic(machine_with) -> None:
    found = look(machine_with())
    assert [finding.mark for finding in found] == [Mark.OK, Mark.OK]
    assert "is honoured" in found[1].found


def test_a_card_is_named(machine_with) -> None:
    found = look(machine_with("trainer=gpu", "trainer.accelerator=gpu", torch__device=CARD))
    assert found[0].found == "T4, 1 in all, 1.0 GiB free"
    assert [finding.mark for finding in found] == [Mark.OK, Mark.OK]


def test_a_card_that_is_left_idle_is_told(machine_with) -> None:
    found = look(machine_with(torch__device={"cuda_available": True}))
    assert [finding.mark for finding in found] == [Mark.OK, Mark.WARNING, Mark.OK]


def test_a_device_that_is_asked_for_and_missing_is_broken(machine_with) -> None:
    machine = machine_with("trainer.accelerator=gpu", torch__device={"kind": "cuda"})
    del machine.torch.steps["device"]["difference"]
    found = look(machine)
    assert found[0].mark is Mark.BROKEN
    assert "wants CUDA" in found[0].found


@pytest.mark.parametrize("difference", [0.5, float("nan")])
def test_a_device_that_computes_wrongly_is_broken(machine_with, difference: float) -> None:
    found = look(machine_with(torch__device=CARD | {"difference": difference}))
    assert found[0].mark is Mark.BROKEN


def test_a_device_that_raises_is_broken(machine_with) -> None:
    error = "RuntimeError: CUDA error: no kernel image is available"
    (found,) = look(machine_with(torch__device={"error": error}))
    assert found.mark is Mark.BROKEN
    assert "no kernel image" in found.found


@pytest.mark.parametrize(
    ("cuda", "hidden", "said", "told"),
    [
        (None, None, "", "built without CUDA"),
        ("13.2", "", "", "CUDA_VISIBLE_DEVICES hides"),
        ("13.2", None, "The NVIDIA driver on your system is too old", "is too old"),
        ("13.2", None, "", "it does not say why"),
    ],
)
def test_a_driver_that_torch_cannot_use_is_told(
    machine_with,
    monkeypatch: pytest.MonkeyPatch,
    cuda: str | None,
    hidden: str | None,
    said: str,
    told: str,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    if hidden is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    found = look(machine_with(torch__torch={"cuda": cuda}, torch__device={"said": said}))
    assert found[1].mark is Mark.WARNING
    assert told in found[1].found


def test_on_a_mac(machine_with, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    found = look(machine_with(torch__device=MAC))
    assert [finding.mark for finding in found] == [Mark.OK, Mark.OK]
    assert "not to be had on MPS" in found[1].found

    monkeypatch.setenv(FALLBACK, "1")
    found = look(machine_with(torch__device=MAC))
    assert [finding.mark for finding in found] == [Mark.OK, Mark.WARNING, Mark.OK]

    found = look(machine_with())  # an old Mac
    assert found[1].mark is Mark.WARNING


def test_determinism_that_mps_lacks_is_broken_where_it_is_asked(machine_with) -> None:
    found = look(machine_with("trainer.deterministic=true", torch__device=MAC))
    assert found[-1].mark is Mark.BROKEN
    found = look(machine_with("trainer.deterministic=warn", torch__device=MAC))
    assert found[-1].mark is Mark.OK
