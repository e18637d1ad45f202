import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from brain_tumor.runs.provenance import git_commit, provenance


def git(folder: Path, *words: str) -> str:
    someone = ("-c", "user.name=N", "-c", "user.email=n@example.org")
    command = ["git", "-C", str(folder), *someone, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path.resolve()


def test_provenance_names_versions_and_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/some/where/train.py", "seed=1"])
    found = provenance()
    assert found.command == ("train.py", "seed=1")
    # The wheel's metadata name the build, as in 2.11.0+cpu.
    assert found.versions["torch"].split("+")[0] == torch.__version__.split("+")[0]
    needed = {"python", "lightning", "hydra-core", "omegaconf", "scikit-learn", "scipy", "pillow"}
    assert all(found.versions[name] for name in needed)


def test_provenance_describes_the_machine() -> None:
    found = provenance()
    assert found.machine == f"{platform.system()} {platform.machine()}"
    hardware = found.hardware
    assert hardware["cores"] == os.cpu_count()
    assert hardware["processor"]
    if sys.platform == "linux":
        total = Path("/proc/meminfo").read_text().splitlines()[0].split()[1]
        assert hardware["memory"] == pytest.approx(1024 * int(total), rel=0.01)


def test_a_changed_file_makes_the_tree_dirty(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    assert git_commit(checkout) == head
    (checkout / "new.py").write_text("")  # git does not know it
    assert git_commit(checkout) == head
    (checkout / "code.py").write_text("2\n")
    assert git_commit(checkout) == f"{head}-dirty"


@pytest.mark.parametrize(("commit", "dirty"), [("a1", False), ("a1-dirty", True), (None, None)])
def test_dirty_is_a_field_of_its_own(
    commit: str | None, dirty: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brain_tumor.runs.provenance.git_commit", lambda root: commit)
    found = provenance()
    assert (found.git, found.git_dirty) == (commit, dirty)


def test_a_folder_inside_a_checkout_has_no_commit(checkout: Path) -> None:
    inside = checkout / "site-packages"
    inside.mkdir()
    assert git_commit(inside) is None
