"""Workers: a process of its own for each side, its memory and its faults."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.alternation import SideError
from benchmarks.process import Work, Worker
from benchmarks.processor_time import processor_seconds

# Modules of sides that exist for these tests alone; put where a worker finds them.
SIDES = {
    "steady": """
import os
def work(job, turns):
    kept = []
    while turns.wait():
        print("what a side prints is no reply")
        kept.append(bytearray(os.urandom(job["size"])))
        turns.done(0.25, 5, process=os.getpid(), threads=int(os.environ["OMP_NUM_THREADS"]))
""",
    "raising": """
def work(job, turns):
    turns.wait()
    raise ValueError("the scans\\nare gone")
""",
    "dying": """
import os, sys
def work(job, turns):
    turns.wait()
    print("out of luck", file=sys.stderr, flush=True)
    os._exit(3)
""",
    "broken": "import a_package_that_nobody_has",
}


@pytest.fixture
def sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make our package's benchmark folder reach over to some sides that lie elsewhere."""
    for name, text in SIDES.items():
        (tmp_path / f"{name}.py").write_text(text)
    hook = f"import benchmarks as b; b.__path__.append({str(tmp_path)!r})"
    (tmp_path / "sitecustomize.py").write_text(hook)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def work(name: str, **job: Any) -> Work:
    return Work(name, "work", job, threads=1)


def test_a_worker_stays_alive_and_its_memory_is_known(sides: None) -> None:
    size = 40 * 2**20
    ballast = np.ones(2**28, np.uint8)  # memory of ours is none of the side's
    with Worker(work("steady", size=size)) as worker:
        turns = [worker.again() for _ in range(3)]
    del ballast
    assert [turn["seconds"] for turn in turns] == [0.25] * 3
    if sys.platform == "linux":
        assert all(0 <= turn["processor"] < 60 for turn in turns)
    assert [turn["scans"] for turn in turns] == [5] * 3
    assert [turn["threads"] for turn in turns] == [1] * 3
    assert len({turn["process"] for turn in turns}) == 1
    for peak in (worker.peak_resident, worker.peak_anonymous):
        assert peak is not None
        # Anonymous memory is looked at from outside, now and then, and when a turn ends.
        assert 2.8 * size < peak < 3 * size + 60 * 2**20


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("raising", r"ValueError: the scans are gone"),
        ("dying", r"its process ended: out of luck"),
        ("broken", r"ModuleNotFoundError: .*a_package_that_nobody_has"),
        ("not_there", r"ModuleNotFoundError: .*not_there"),
    ],
)
def test_a_worker_s_fault_is_one_sentence(sides: None, name: str, sentence: str) -> None:
    with Worker(work(name)) as worker:
        for _ in range(2):  # and stays so
            with pytest.raises(SideError, match=sentence) as caught:
                worker.again()
            assert "\n" not in str(caught.value)


def test_leaving_ends_the_process_quickly(sides: None) -> None:
    with Worker(work("steady", size=1)) as worker:
        worker.again()
        begun = time.perf_counter()
    assert time.perf_counter() - begun < 10
    assert worker._process.poll() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")
def test_processor_time_counts_what_works_and_what_ended() -> None:
    before = processor_seconds(os.getpid())
    burn = "import time\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-c", burn], check=True)
    time.sleep(0.2)
    after = processor_seconds(os.getpid())
    assert before is not None and after is not None
    assert 0.45 < after - before < 5
