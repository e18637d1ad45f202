import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from brain_tumor.doctor import workers as module
from brain_tumor.doctor.child import Answer
from brain_tumor.doctor.finding import Mark
from brain_tumor.doctor.loader_child import look_at_loader
from brain_tumor.doctor.workers import shared_memory, workers


def test_none_are_asked_for_by_default(machine_with) -> None:
    machine = machine_with()
    del machine.__dict__["loader"]  # would be asked, were it looked at
    (found,) = workers(machine)
    assert found.mark is Mark.OK
    assert "loader" not in machine.__dict__
    assert list(shared_memory(machine)) == []


@pytest.mark.parametrize("asked", ["workers=2", "data.num_workers=2"])
def test_workers_that_serve_are_well(machine_with, asked: str) -> None:
    (found,) = workers(machine_with(asked))
    assert (found.mark, found.found) == (Mark.OK, "2 started and served batches within 0.5 s")


def test_workers_that_hang_are_broken(machine_with) -> None:
    hung = Answer({}, "it did not answer within 30 s")
    (found,) = workers(machine_with("workers=1", loader=hung))
    assert found.mark is Mark.BROKEN
    assert found.remedy == "data.num_workers=0"


def test_other_scans_are_broken(machine_with) -> None:
    (found,) = workers(machine_with("workers=1", loader__batches={"whole": False}))
    assert found.mark is Mark.BROKEN


def test_what_the_child_does_is_whole_without_workers() -> None:
    assert look_at_loader(0, 0)["whole"]


@pytest.mark.parametrize(("free", "mark"), [(2**23 - 1, Mark.WARNING), (2**23, Mark.OK)])
def test_shared_memory_has_to_take_the_batches(
    machine_with, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, mark: Mark
) -> None:
    monkeypatch.setattr(module, "SHARED", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    (found,) = shared_memory(machine_with("workers=2", "data.batch_size=32"))  # 2 x 2 x 2 MiB
    assert found.mark is mark
