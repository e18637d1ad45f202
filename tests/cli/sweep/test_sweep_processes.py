"""Sweeps whose jobs run in other processes, and what stops them, as a user types it."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SMALL = (
    *("data=phantom", "data.phantom.patients_per_class=3", "trainer=cpu", "model.width=16"),
    *("trainer.max_epochs=1", "optimizer.lr=1e-3", "threads=1", "evaluation.resamples=100"),
    *("evaluation.figures=false", "split=official", "split.validation_fraction=0.3"),
)
FAILING = "model.dropout=0.1,2,0.4"


def typed(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k != "BRAIN_TUMOR_DATA"}
    python = [sys.executable, "-m", "brain_tumor.train", "-m", *SMALL, *words]
    return subprocess.run(
        python, cwd=cwd, env=clean, capture_output=True, text=True, timeout=600, check=False
    )


def rows(sweep: Path) -> list[dict[str, str]]:
    with (sweep / "sweep.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def without_place(found: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k not in ("folder", "seconds")} for row in found]


def lives(group: int) -> bool:
    """Tell whether a process is left of a group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sweep one job after the other; give the sweep's folder."""
    place = tmp_path_factory.mktemp("basic")
    ended = typed(FAILING, cwd=place)
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    (sweep,) = place.glob("runs/custom/sweep-*")
    assert [row["status"] for row in rows(sweep)] == ["finished", "failed", "finished"]
    return sweep


@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_jobs_in_other_processes_give_the_same(launcher: str, basic: Path, tmp_path: Path) -> None:
    words = [f"hydra/launcher={launcher}"]
    words += ["hydra.launcher.n_jobs=2"] if launcher == "joblib" else []
    ended = typed(FAILING, *words, cwd=tmp_path)
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    (sweep,) = tmp_path.glob("runs/custom/sweep-*")
    assert without_place(rows(sweep)) == without_place(rows(basic))
    for job in ("0-gbmnet", "2-gbmnet"):
        for name in ("metrics.json", "predictions.csv"):
            assert (sweep / job / name).read_bytes() == (basic / job / name).read_bytes()
    if launcher == "joblib":
        lines = [line for line in ended.stdout.splitlines() if "epoch   1/1" in line]
        assert sorted(line[:4] for line in lines) == ["0 | ", "2 | "]


def test_joblib_shares_the_threads_out(tmp_path: Path) -> None:
    words = ("seed=0,1", "threads=null", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert typed(*words, cwd=tmp_path).returncode == 0
    records = [json.loads(p.read_text()) for p in tmp_path.glob("runs/custom/sweep-*/*/run.json")]
    assert [record["threads"] for record in records] == [max((os.cpu_count() or 1) // 2, 1)] * 2


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
@pytest.mark.parametrize(("number", "wanted"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_sweep_goes_on(
    tmp_path: Path, launcher: str, number: signal.Signals, wanted: int
) -> None:
    words = ("model.dropout=0.1,0.2", "trainer.max_epochs=4", f"hydra/launcher={launcher}")
    running = subprocess.Popen(
        [sys.executable, "-m", "brain_tumor.train", "-m", *SMALL, *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stdout is not None
    for line in running.stdout:
        if "epoch   2/4" in line:
            break
    # Ctrl-C reaches every process of the terminal, SIGTERM the one that it is sent to.
    if number == signal.SIGINT:
        os.killpg(running.pid, number)
    else:
        running.send_signal(number)
    _, said = running.communicate(timeout=120)
    assert running.returncode == wanted, said
    (first,) = tmp_path.glob("runs/custom/sweep-*")
    assert "interrupted" in {row["status"] for row in rows(first)}
    until = time.monotonic() + 30
    while lives(running.pid):  # joblib's workers end with the process that started them
        assert time.monotonic() < until
        time.sleep(0.1)
    time.sleep(1)  # the name of a sweep tells the second
    assert typed(*words, cwd=tmp_path).returncode == 0
    second = max(tmp_path.glob("runs/custom/sweep-*"))
    assert [row["status"] for row in rows(second)] == ["finished", "finished"]
    assert "resumed" in json.loads((first / "0-gbmnet" / "run.json").read_text())
