"""The doctor as a user meets it, on a machine made wrong."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import brain_tumor

pytestmark = pytest.mark.slow
ROOT = Path(brain_tumor.__file__).parents[1]
PHANTOM = ("data=phantom", "model.width=16")


def doctor(
    cwd: Path, *overrides: str, site: Path | None = None, **environment: str
) -> subprocess.CompletedProcess:
    paths = [str(site)] if site else []
    clean = {k: v for k, v in os.environ.items() if k not in ("BRAIN_TUMOR_DATA", "PYTHONPATH")}
    clean |= {"PYTHONPATH": os.pathsep.join([*paths, str(ROOT)])} | environment
    command = [sys.executable, "-m", "brain_tumor.doctor", *overrides]
    return subprocess.run(
        command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=120, check=False
    )


def planted(folder: Path, name: str, content: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(content + "\n")
    return folder


def test_a_healthy_machine(tmp_path: Path) -> None:
    begun = time.perf_counter()
    ended = doctor(tmp_path, *PHANTOM, "workers=1")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert time.perf_counter() - begun < 60  # 15 on a machine with nothing else to do
    lines = ended.stdout.splitlines()
    assert lines[-1].endswith("0 broken")
    assert all(line.startswith(("ok ", "warning ", " ")) for line in lines[:-1])
    assert "1 started and served batches" in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_missing_scans_and_weights_end_with_one(tmp_path: Path) -> None:
    words = ("data.root=nowhere", "model=mobilenetv2", "model.weights=gone.pth")
    ended = doctor(tmp_path, *words)
    assert ended.returncode == 1
    assert ended.stderr == ""
    broken = [line for line in ended.stdout.splitlines() if line.startswith("broken")]
    assert [line.split()[1] for line in broken] == ["weights", "scans"]
    assert ended.stdout.splitlines()[-1].endswith("2 broken")


@pytest.mark.parametrize(
    ("package", "content", "told"),
    [
        ("torch", "import os; os.abort()", "it crashed (SIGABRT)"),
        ("torch", "raise OSError('libcudart.so.12: cannot open')", "libcudart.so.12"),
        ("torchvision", "raise RuntimeError('operator torchvision::nms does not exist')", "nms"),
        ("cv2", "raise ImportError('libGL.so.1: cannot open')", "make system-libraries"),
        ("hydra", "raise ImportError('cannot import name x')", "no configuration can be read"),
        ("omegaconf", "raise ImportError('cannot import name x')", "no configuration can be read"),
        ("packaging", "raise ImportError('no packaging')", "no packaging"),
    ],
)
def test_a_library_that_does_not_import_is_found_without_a_crash(
    tmp_path: Path, package: str, content: str, told: str
) -> None:
    site = planted(tmp_path / "site", package, content)
    ended = doctor(tmp_path, *PHANTOM, site=site)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert told in ended.stdout
    assert not ended.stdout.splitlines()[-1].endswith(" 0 broken")


def test_it_takes_what_train_takes(tmp_path: Path) -> None:
    ended = doctor(tmp_path, "experiment=demo", "runs=here", "trainer.max_epochs=1", "debug=fast")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert str(tmp_path / "here") in ended.stdout
