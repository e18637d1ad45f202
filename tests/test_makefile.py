"""What `make test` installs is pinned; `make tensorboard` shows the newest experiment.

TensorBoard is a stand-in that only tells its words.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from remedies import brought_by

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")


def test_what_make_test_installs_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    assert all(str(pin.specifier).startswith("==") for pin in pins)
    named = brought_by("dependencies") | brought_by("test")
    assert len(named) > 40
    assert named <= {canonicalize_name(pin.name) for pin in pins}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Lay out a checkout that counts as installed."""
    for name in ("pyproject.toml", "constraints.txt", "Makefile"):
        shutil.copy(ROOT / name, tmp_path)
    bin_folder = tmp_path / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    for name in ("python", "tensorboard"):
        (bin_folder / name).write_text('#!/bin/sh\necho "shown: $2"\n', encoding="utf-8")
        (bin_folder / name).chmod(0o755)
    (tmp_path / ".venv" / "installed").touch()
    return tmp_path


def add_run(checkout: Path, folder: str, seconds: int) -> None:
    record = checkout / folder / "run.json"
    record.parent.mkdir(parents=True)
    record.touch()
    os.utime(record, (seconds, seconds))


def make_tensorboard(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--silent", "tensorboard", *words]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=60)


def test_the_newest_run_tells_the_experiment(checkout: Path) -> None:
    add_run(checkout, "runs/first/gbmnet/2026-01-01_10-00-00-abcdef", 1_000)
    add_run(checkout, "runs/second one/sweep-2026-01-01_11-00-00-abcdef/0-gbmnet", 3_000)
    add_run(checkout, "runs/third/gbmnet/2026-01-01_10-30-00-abcdef", 2_000)
    assert make_tensorboard(checkout).stdout == "shown: runs/second one\n"
    add_run(checkout, "runs/first/gbmnet/2026-01-01_12-00-00-abcdef", 4_000)
    assert make_tensorboard(checkout).stdout == "shown: runs/first\n"
    assert make_tensorboard(checkout, "LOGDIR=runs/third").stdout == "shown: runs/third\n"


@pytest.mark.parametrize(("words", "place"), [((), "runs"), (("LOGDIR=mine",), "mine")])
def test_without_a_run_one_sentence_says_what_to_do(
    checkout: Path, words: tuple[str, ...], place: str
) -> None:
    ended = make_tensorboard(checkout, *words)
    assert ended.returncode != 0
    assert ended.stdout == ""
    first, *rest = ended.stderr.splitlines()
    assert first.startswith(f"There is no run in {place}: train one (make demo), or name a folder")
    assert all(line.startswith("make") for line in rest)
