import mmap
import multiprocessing
import os
import sys
import time

import numpy as np
import pytest

from benchmarks.memory import AnonymousPeak, anonymous
from brain_tumor.runs.peak_memory import peak_resident

MIB = 2**20
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")


def test_a_passing_peak_is_seen() -> None:
    before = anonymous(os.getpid())
    assert before is not None
    with AnonymousPeak(os.getpid()) as watch:
        # Straight from the kernel: what earlier tests freed would serve again, and be no growth.
        passing = mmap.mmap(-1, 200 * MIB, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        np.frombuffer(passing, np.uint8)[:] = 1
        # Looks are rarer where each takes long, as on a busy machine.
        late = time.monotonic() + 60
        while (watch.peak or 0) - before < 150 * MIB and time.monotonic() < late:
            time.sleep(0.05)
        passing.close()
    assert watch.peak is not None
    assert 150 * MIB < watch.peak - before < 250 * MIB
    assert peak_resident() >= watch.peak


def _wait(go_on) -> None:
    go_on.wait(60)


def test_what_a_forked_child_shares_counts_once() -> None:
    shared = np.ones(300 * MIB, np.uint8)
    before = anonymous(os.getpid())
    forking = multiprocessing.get_context("fork")
    go_on = forking.Event()
    child = forking.Process(target=_wait, args=(go_on,))
    child.start()
    time.sleep(0.3)
    both = anonymous(os.getpid())
    go_on.set()
    child.join()
    assert abs(both - before) < 100 * MIB < shared.nbytes
    assert anonymous(child.pid) is None
