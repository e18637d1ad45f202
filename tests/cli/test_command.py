"""The command line, in its own process: what a user types and reads."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def module_of(command: str) -> str:
    return "benchmarks" if command == "benchmark" else f"brain_tumor.{command}"


def typed(
    command: str, *overrides: str, cwd: Path, **environment: str
) -> subprocess.CompletedProcess:
    clean = {k: v for k, v in os.environ.items() if k != "BRAIN_TUMOR_DATA"} | environment
    return subprocess.run(
        [sys.executable, "-m", module_of(command), *overrides],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_help_names_groups_and_an_example(tmp_path: Path) -> None:
    for command in ("train", "prepare", "audit", "evaluate", "compare", "benchmark", "doctor"):
        shown = typed(command, "--help", cwd=tmp_path)
        assert shown.returncode == 0
        assert f"python -m {module_of(command)}" in shown.stdout
        if command != "benchmark":
            lines = shown.stdout.splitlines()
            assert len(lines) <= 30 and max(map(len, lines)) <= 80, command
    whole = typed("train", "--help-all", cwd=tmp_path).stdout
    assert "harmonise:" in whole and "mobilenetv2" in whole and "max_epochs:" in whole
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "overrides", "named"),
    [
        ("prepare", ("data.root=nowhere",), "data=phantom"),
        ("train", ("data.root=nowhere",), "data=phantom"),
        ("train", ("data=phantom", "model=mobilenetv2", "model.weights=gone.pth"), "gone.pth"),
        ("train", ("data=phantom", "model=resnet"), "gbmnet"),
        ("train", ("data=phantom", "modle=gbmnet"), "modle"),
        ("train", ("data=phantom", "split=patient", "split.fold=4"), "0..3"),
        ("train", ("data=phantom", "split=file", "split.path=gone.csv"), "gone.csv"),
        ("prepare", ("data=phantom", "data.patients=gone.csv"), "gone.csv"),
        ("prepare", ("data=phantom", "data.near_duplicates.related=2"), "near_duplicates.related"),
        (
            "prepare",
            ("data=phantom", "data/harmonise=mask", "data.harmonise.intensity=true"),
            "mask",
        ),
        ("audit", ("data.root=nowhere",), "data=phantom"),
        ("audit", ("data=phantom", "runs=[nowhere]"), "nowhere"),
        ("audit", ("data=phantom", "frozen.weights=gone.pth"), "gone.pth"),
        ("compare", (), "runs"),
        ("benchmark", ("data.root=nowhere",), "data=phantom"),
        ("benchmark", ("data=phantom", "rows=[train]"), "train_gbmnet"),
        ("compare", ("runs=[nowhere]",), "nowhere"),
        ("evaluate", (), "run"),
        ("evaluate", ("run=nowhere",), "run=..."),
    ],
)
def test_a_mistake_ends_with_one_sentence(
    tmp_path: Path, command: str, overrides: tuple[str, ...], named: str
) -> None:
    ended = typed(command, *overrides, cwd=tmp_path)
    assert ended.returncode in (1, 2)
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "runs").exists()


def test_prepare_train_evaluate_and_a_sweep(tmp_path: Path) -> None:
    phantom = ("data=phantom", "data.phantom.patients_per_class=3")
    prepared = typed("prepare", *phantom, cwd=tmp_path)
    assert prepared.returncode == 0, prepared.stderr
    assert prepared.stderr == ""
    assert "prepared set: data/prepared/phantom-" in prepared.stdout

    small = (*phantom, "model.width=16", "trainer=cpu", "trainer.max_epochs=1")
    swept = typed("train", "-m", "seed=0,1", *small, cwd=tmp_path)
    assert swept.returncode == 0, swept.stderr
    runs = sorted(path.parent for path in tmp_path.glob("runs/custom/sweep-*/*/run.json"))
    assert [run.name for run in runs] == ["0-gbmnet", "1-gbmnet"]

    before = (runs[1] / "metrics.json").read_bytes()
    again = typed("evaluate", f"run={runs[1].relative_to(tmp_path)}", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stderr == ""
    assert (runs[1] / "metrics.json").read_bytes() == before


def test_the_demo_beats_85_percent_on_its_test_part(tmp_path: Path) -> None:
    shown = typed("train", "experiment=demo", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    (scores,) = tmp_path.glob("runs/demo/gbmnet/*/metrics.json")
    assert json.loads(scores.read_text())["parts"]["test"]["scores"]["accuracy"]["value"] > 0.85


def test_preparing_does_not_wait_for_torch(tmp_path: Path) -> None:
    run = "import sys; from brain_tumor.prepare import main; main(); print(*sys.modules)"
    words = ("data=phantom", "data.phantom.patients_per_class=3")
    python = [sys.executable, "-c", run, *words]
    done = subprocess.run(python, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "brain_tumor.data.prepared.prepare" in loaded
    assert not loaded & {"torch", "torchvision", "torchmetrics", "lightning", "matplotlib"}


@pytest.mark.parametrize(
    ("number", "status", "by"),
    [(signal.SIGINT, 130, "the keyboard"), (signal.SIGTERM, 143, "SIGTERM")],
)
def test_a_stopped_training_keeps_its_epochs_and_says_how_to_go_on(
    tmp_path: Path, number: signal.Signals, status: int, by: str
) -> None:
    words = ("data=phantom", "data.phantom.patients_per_class=3", "model.width=16", "trainer=cpu")
    running = subprocess.Popen(
        [sys.executable, "-m", "brain_tumor.train", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As from a terminal: a shell's background jobs, CI among them, start with Ctrl-C ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("epoch   2"):
            running.send_signal(number)
            break
    _, said = running.communicate(timeout=120)
    assert running.returncode == status
    (checkpoint,) = tmp_path.glob("runs/custom/gbmnet/*/checkpoints/last.ckpt")
    run = checkpoint.parents[1]
    assert said == (
        f"brain_tumor: stopped by {by}; resume={run.relative_to(tmp_path)} continues after the "
        "last complete epoch.\n"
    )
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert typed("evaluate", f"run={run.relative_to(tmp_path)}", cwd=tmp_path).returncode == 0
