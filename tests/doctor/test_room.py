import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from brain_tumor.doctor import room
from brain_tumor.doctor.finding import Mark
from brain_tumor.doctor.folders import why_not_writable
from brain_tumor.models.gbmnet import GBMnet


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """Give a file system without room."""
    place = tmp_path / "full"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("nothing can be mounted here")
    try:
        (place / "filling").write_bytes(bytes(64 * 1024))
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True, timeout=10)


def test_a_full_disk_is_found_by_size_and_by_writing(machine_with, full: Path) -> None:
    (found,) = room.disk(machine_with(f"runs={full / 'runs'}"))
    assert found.mark is Mark.WARNING
    assert "runs=FOLDER" in found.remedy
    assert why_not_writable(full) == "No space left on device"


def test_each_file_system_is_counted_for_itself(
    machine_with, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_with(f"data.prepared={tmp_path}", "data.name=new", f"runs={tmp_path}")
    total = room.checkpoint_bytes(machine) + room.prepared_bytes(machine)
    for free, mark in ((total - 1, Mark.WARNING), (total, Mark.OK)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        (found,) = room.disk(machine)
        assert found.mark is mark
        assert "runs and data.prepared" in found.found


def test_a_set_that_is_there_needs_no_room(machine_with, tmp_path: Path) -> None:
    (found,) = room.disk(machine_with(f"runs={tmp_path}"))  # the session's set has the name
    assert "(runs)" in found.found


def test_checkpoints_are_as_large_as_reckoned(machine_with, tmp_path: Path) -> None:
    network = GBMnet(width=16)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.zeros((2, 1, 256, 256))).sum().backward()
    optimizer.step()
    content = {"state_dict": network.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(content, tmp_path / "last.ckpt")
    made = (tmp_path / "last.ckpt").stat().st_size
    number = sum(parameter.numel() for parameter in network.parameters())
    machine = machine_with(torch__network={"all": number, "trained": number})
    reckoned = (room.checkpoint_bytes(machine) - room.BESIDE) / room.CHECKPOINTS
    assert 0.97 * made < reckoned <= made


def test_the_prepared_set_of_a_download_is_reckoned_from_its_counts(machine_with) -> None:
    machine = machine_with("data.source=kaggle", "data.root=null")
    assert room.prepared_bytes(machine) == 7023 * (2 * 256 * 256 + 96 * 96)


def test_a_prepared_set_is_no_larger_than_reckoned(machine_with, prepared) -> None:
    size = sum(path.stat().st_size for path in prepared.folder.iterdir())
    assert size / 3 < room.prepared_bytes(machine_with()) < 4 * size


@pytest.mark.parametrize(("free", "mark"), [(2**30, Mark.WARNING), (2**34, Mark.OK)])
def test_memory(machine_with, monkeypatch: pytest.MonkeyPatch, free: int, mark: Mark) -> None:
    monkeypatch.setattr(room, "available_memory", lambda: free)
    (found,) = room.memory(machine_with())
    assert found.mark is mark
    assert ("data.batch_size" in found.remedy) == (mark is Mark.WARNING)


def test_larger_batches_want_more(machine_with, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "available_memory", lambda: 2**31)
    marks = [
        next(iter(room.memory(machine_with(f"data.batch_size={size}")))).mark for size in (8, 256)
    ]
    assert marks == [Mark.OK, Mark.WARNING]


def test_memory_that_is_not_told_is_no_fault(machine_with, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "available_memory", lambda: None)
    assert [finding.mark for finding in room.memory(machine_with())] == [Mark.OK]


@pytest.mark.parametrize(
    ("name", "content", "limited"),
    [
        ("memory.max", "max", False),
        ("memory.max", "1048576", True),
        ("memory/memory.limit_in_bytes", "1048576", True),
        ("memory/memory.limit_in_bytes", "9223372036854771712", False),
    ],
)
def test_a_containers_limit_counts(tmp_path: Path, name: str, content: str, limited: bool) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content + "\n")
    assert (room.available_memory(tmp_path) == 2**20) == limited
