"""Trainings killed as a machine kills them, in processes of their own."""

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from same_run import assert_same, history

from brain_tumor.runs.atomic_file import HALF

pytestmark = pytest.mark.slow

KILLS = 20
EPOCHS = 40


def words(run: Path, phantom_root: Path, prepared: Path, *more: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "brain_tumor.train",
        f"run_folder={run}",
        f"hydra.run.dir={run}",
        "data=phantom",
        "data.source=folder",
        f"data.root={phantom_root}",
        f"data.prepared={prepared}",
        "model.width=16",
        "trainer=cpu",
        f"trainer.max_epochs={EPOCHS}",
        "optimizer.lr=1e-4",
        "data.batch_size=16",
        "scheduler=cosine",
        "split=official",
        "split.validation_fraction=0.3",
        "evaluation.resamples=100",
        "evaluation.figures=false",
        *more,
    ]


# One thread: two would fight for a busy machine's cores, and the bits depend on their number.
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}


def epochs_done(run: Path) -> int:
    with contextlib.suppress(OSError):
        return len((run / "metrics.csv").read_text().splitlines()) - 1
    return 0


@pytest.fixture
def prepared_folder(prepared) -> Path:
    return prepared.folder.parent


def test_twenty_kills_leave_the_same_run(
    tmp_path: Path, phantom_root: Path, prepared_folder: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    begun = time.monotonic()
    begin = words(whole, phantom_root, prepared_folder)
    subprocess.run(begin, env=ONE_THREAD, check=True, capture_output=True, cwd=tmp_path)
    rows = (whole / "metrics.csv").read_text().splitlines()
    epoch = sum(float(row.split(",")[1]) for row in rows[1:]) / EPOCHS
    startup = time.monotonic() - begun - epoch * EPOCHS

    chance = random.Random(0)
    after = []
    for kill in range(KILLS):
        went_on = (killed / "run.json").exists()
        resume = [*begin[:3], f"resume={killed}"]
        command = resume if went_on else words(killed, phantom_root, prepared_folder)
        running = subprocess.Popen(
            command, env=ONE_THREAD, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        if kill % 4 == 3:  # while it starts, restores and rewinds
            time.sleep(chance.uniform(0.3, 1.0) * startup)
        else:
            seen = epochs_done(killed) if went_on else 0
            last = time.monotonic() + 20 * startup
            while epochs_done(killed) <= seen and time.monotonic() < last:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 1.5) * epoch)
        assert running.poll() is None, running.communicate()[1].decode()
        running.kill()
        running.communicate()
        after.append(epochs_done(killed))
    assert after[-1] > 5
    assert after[-1] < EPOCHS
    ended = subprocess.run(
        [*begin[:3], f"resume={killed}"],
        env=ONE_THREAD,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert_same(killed, whole)
    record = json.loads((killed / "run.json").read_text())
    assert record["status"] == "finished"
    assert not list(killed.rglob(f"*{HALF}"))


def test_a_disk_that_fills_costs_no_epoch(
    tmp_path: Path, phantom_root: Path, prepared_folder: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("a small disk can only be made by root")
    try:
        run = disk / "run"
        begin = words(run, phantom_root, prepared_folder, "trainer.max_epochs=3")
        ended = subprocess.run(
            begin, env=ONE_THREAD, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 2, ended.stderr
        assert ended.stderr.startswith("brain_tumor: ")
        assert "No space left on device" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert (run / "checkpoints" / "last.ckpt").exists()
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        subprocess.run(
            [*begin[:3], f"resume={run}"],
            env=ONE_THREAD,
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
        assert len(history(run)) == 3
        assert not (tmp_path / "runs").exists()  # where Hydra would have put a new run
        whole = tmp_path / "whole"
        again = words(whole, phantom_root, prepared_folder, "trainer.max_epochs=3")
        subprocess.run(again, env=ONE_THREAD, cwd=tmp_path, check=True, capture_output=True)
        assert_same(run, whole)
    finally:
        subprocess.run(["umount", str(disk)], check=False)
