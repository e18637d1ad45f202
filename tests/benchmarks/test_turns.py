"""What a side tells beside its seconds."""

import io
import time

from benchmarks.turns import Turns


def test_the_first_result_counts_getting_ready_and_no_waiting() -> None:
    turns = Turns(io.StringIO("again\nagain\n"), io.StringIO())
    time.sleep(0.2)  # imports, data, network
    turns.wait()
    time.sleep(0.3)  # another side works
    first = turns.first(2.0)
    assert 2.2 <= first < 2.3
    turns.wait()
    assert turns.first(1.0) == first
