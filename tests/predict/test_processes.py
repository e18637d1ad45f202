"""`python -m brain_tumor.predict` in a process of its own: memory, exit status, real scans."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import hostile
import numpy as np
import pytest
from scipy.special import softmax

pytestmark = pytest.mark.slow
DATA = os.environ.get("BRAIN_TUMOR_DATA", "")


def typed(place: Path, *words: str) -> tuple[int, str, str, int]:
    """Type the command; give its exit status, what it says, and its peak memory in MiB."""
    command = [sys.executable, "-m", "brain_tumor.predict", "accelerator=cpu", *words]
    with (place / "out").open("w+") as out, (place / "err").open("w+") as err:
        process = subprocess.Popen(command, cwd=place, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    said = [(place / name).read_text(errors="replace") for name in ("out", "err")]
    return process.returncode, said[0], said[1], used.ru_maxrss // unit


def many(phantom_root: Path, folder: Path, number: int) -> Path:
    """Make a folder of so many drawn scans, by links."""
    folder.mkdir()
    drawn = sorted(phantom_root.glob("*/*/*"))
    for place in range(number):
        source = drawn[place % len(drawn)]
        (folder / f"{place:05d}{source.suffix}").symlink_to(source)
    return folder


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="counts memory as POSIX does")
def test_a_thousand_scans_more_take_no_more_memory(
    run: Path, phantom_root: Path, tmp_path: Path
) -> None:
    peaks = []
    for number in (300, 1300):
        given = many(phantom_root, tmp_path / str(number), number)
        status, out, err, peak = typed(tmp_path, f"run={run}", f"input={given}", "output=a.csv")
        assert (status, err) == (0, "")
        assert f"{number:,} scans predicted" in out and f"and {number - 40:,} more." in out
        (tmp_path / "a.csv").unlink()
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 60  # MiB; their pixels as a network takes them are 62


def test_the_exit_status_is_the_process_s(run: Path, phantom_root: Path, tmp_path: Path) -> None:
    given = many(phantom_root, tmp_path / "given", 5)
    assert typed(tmp_path, f"run={run}", "input=given")[::2] == (0, "")
    for name in ("text.jpg", "bomb.png", "pipe.jpg"):
        hostile.FILES[name][0](given / name)
    status, out, err, _ = typed(tmp_path, f"run={run}", "input=given")
    assert (status, err) == (1, "")
    assert "given/pipe.jpg: unreadable: it is a pipe, a socket or a device" in out
    status, _, err, _ = typed(tmp_path, f"run={run}", "input=given/text.jpg")
    assert status == 2 and err.count("\n") == 1 and "Traceback" not in err
    assert typed(tmp_path, "--help")[0] == 0


@pytest.mark.skipif(not DATA, reason="BRAIN_TUMOR_DATA names no folder of scans")
def test_real_test_scans_get_the_answers_of_the_run_s_own_evaluation(tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = [f"run_folder={run}", f"data.prepared={tmp_path / 'prepared'}", "split=official"]
    words += ["experiment=fast_gbmnet", "trainer.max_epochs=1", "model.width=16", "trainer=cpu"]
    words += ["evaluation.figures=false", "evaluation.resamples=100", "logger=none"]
    train = [sys.executable, "-m", "brain_tumor.train", *words]
    subprocess.run(train, check=True, capture_output=True, timeout=1200)
    shutil.rmtree(tmp_path / "prepared")  # the raw scans are what is predicted
    place = Path(DATA).absolute() / "Testing"
    status, _, err, _ = typed(tmp_path, f"run={run}", f"input={place}", "output=a.csv")
    assert (status, err) == (0, "")
    temperature = json.loads((run / "metrics.json").read_text())["temperature"]["value"]
    with (run / "predictions.csv").open() as file:
        known = {row["path"]: row for row in csv.DictReader(file) if row["part"] == "test"}
    with (tmp_path / "a.csv").open() as file:
        found = {
            f"Testing{row['path'].removeprefix(str(place))}": row for row in csv.DictReader(file)
        }
    assert len(found) == 1311 and known.keys() <= found.keys()
    for path, row in known.items():
        names = [name.removeprefix("logit_") for name in row if name.startswith("logit_")]
        expected = softmax(np.array([float(row[f"logit_{name}"]) for name in names]) / temperature)
        shares = [float(found[path][f"probability_{name}"]) for name in names]
        np.testing.assert_allclose(shares, expected, atol=1e-6)
        assert found[path]["class"] == row["predicted"]
