import tempfile
from pathlib import Path

import pytest

from brain_tumor.doctor.finding import Mark
from brain_tumor.doctor.folders import (
    cache_folders,
    existing_part,
    needed_folders,
    torch_cache,
    why_not_writable,
)


def test_folders_that_can_be_made_are_well_and_are_not_made(machine_with, tmp_path: Path) -> None:
    runs, prepared = tmp_path / "a/runs", tmp_path / "b/prepared"
    (found,) = needed_folders(machine_with(f"runs={runs}", f"data.prepared={prepared}"))
    assert found.mark is Mark.OK
    assert str(runs) in found.found
    assert str(prepared) in found.found
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("key", ["runs", "data.prepared"])
def test_a_file_in_a_folders_place_is_broken(machine_with, tmp_path: Path, key: str) -> None:
    (tmp_path / "file").write_text("")
    found = list(needed_folders(machine_with(f"{key}={tmp_path / 'file' / 'below'}")))
    assert [finding.mark for finding in found] == [Mark.BROKEN, Mark.OK]
    assert f"{tmp_path / 'file'} is a file" in found[0].found
    assert f"{key}=FOLDER" in found[0].remedy


def test_what_the_system_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    assert why_not_writable(tmp_path) == "No space left on device"


def test_trying_leaves_nothing(tmp_path: Path) -> None:
    assert why_not_writable(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_for_temporary_files(
    machine_with, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_with()

    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    found = list(needed_folders(machine))
    assert found[0].mark is Mark.BROKEN
    assert "TMPDIR" in found[0].remedy


def test_caches_that_cannot_be_written_only_warn(
    machine_with, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    assert [finding.mark for finding in cache_folders(machine_with())] == [Mark.OK]
    (found,) = cache_folders(machine_with("model=mobilenetv2"))
    assert found.mark is Mark.WARNING
    assert "TORCH_HOME" in found.remedy


def test_the_cache_is_torchs_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    assert str(torch_cache()) == torch.hub.get_dir()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert str(torch_cache()) == torch.hub.get_dir()
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert str(torch_cache()) == torch.hub.get_dir()


def test_the_part_that_exists(tmp_path: Path) -> None:
    assert existing_part(tmp_path / "a/b/c") == tmp_path
    assert existing_part(Path("nowhere/at/all")) == Path.cwd()
