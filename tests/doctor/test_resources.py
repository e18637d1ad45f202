import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from brain_tumor.doctor import resources
from brain_tumor.doctor.resources import (
    folders,
    free_memory,
    memory,
    prepared_sets,
    run_bytes,
    why_not_writable,
)
from brain_tumor.models.gbmnet import GBMnet

COUNTS = {"parameters": 1000, "scans": 10}


def test_prepared_sets_of_the_configured_name_are_listed(
    configure: Callable, tmp_path: Path
) -> None:
    (finding,) = prepared_sets(configure(), {})
    assert str(tmp_path / "prepared") in finding.message
    mine = tmp_path / "prepared/brain-tumor-mri-12ab"
    for folder in (mine, tmp_path / "prepared/phantom-12ab"):
        folder.mkdir(parents=True)
    (finding,) = prepared_sets(configure(), {})
    assert str(mine) in finding.message
    assert "phantom" not in finding.message


def test_folders_that_a_run_would_make_are_not_made(configure: Callable, tmp_path: Path) -> None:
    findings = list(folders(configure("data=phantom", f"data.root={tmp_path / 'raw'}"), COUNTS))
    assert [finding.mark for finding in findings] == ["ok"] * 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["runs", "data.prepared"])
def test_a_file_in_place_of_a_folder_is_wrong(
    configure: Callable, tmp_path: Path, key: str
) -> None:
    (tmp_path / "file").write_text("")
    found = list(folders(configure(f"{key}={tmp_path / 'file/below'}"), COUNTS))
    (finding,) = [finding for finding in found if finding.mark == "wrong"]
    assert f"{tmp_path / 'file'} is a file" in finding.message
    assert finding.fix == f"add {key}=FOLDER"


def test_a_folder_that_is_read_only_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: mode != os.W_OK)  # root may write all
    assert why_not_writable(tmp_path / "runs") == f"{tmp_path} is read-only"


def test_space_for_a_new_prepared_set_is_needed_once(
    configure: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_bytes(1000)
    both = run + 10 * (2 * 256**2 + 96**2)

    def marks(free: int) -> set[str]:
        monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
        return {finding.mark for finding in folders(configure(), COUNTS)}

    assert (marks(both - 1), marks(both)) == ({"note"}, {"ok"})
    (tmp_path / "prepared/brain-tumor-mri-12ab").mkdir(parents=True)
    assert (marks(run - 1), marks(run)) == ({"note"}, {"ok"})


def test_a_checkpoint_is_as_large_as_estimated(tmp_path: Path) -> None:
    network = GBMnet(width=16)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.zeros((2, 1, 256, 256))).sum().backward()
    optimizer.step()
    content = {"state_dict": network.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(content, tmp_path / "last.ckpt")
    parameters = sum(parameter.numel() for parameter in network.parameters())
    estimate = (run_bytes(parameters) - run_bytes(0)) / resources.CHECKPOINTS
    assert estimate == pytest.approx((tmp_path / "last.ckpt").stat().st_size, rel=0.05)


@pytest.mark.parametrize(
    ("free", "batch", "mark"),
    [(2**31, 8, "ok"), (2**31, 256, "note"), (2**30, 8, "note"), (None, 8, "ok")],
)
def test_memory_has_to_fit_the_batch(
    configure: Callable, monkeypatch: pytest.MonkeyPatch, free: int | None, batch: int, mark: str
) -> None:
    monkeypatch.setattr(resources, "free_memory", lambda: free)
    (finding,) = memory(configure(f"data.batch_size={batch}"), {})
    assert finding.mark == mark


def test_the_memory_of_a_container_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "CGROUP", tmp_path)
    free = free_memory()
    assert free is None or free > 2**20
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory() != 2**20
    (tmp_path / "memory.max").write_text("1048576\n")
    assert free_memory() == 2**20
