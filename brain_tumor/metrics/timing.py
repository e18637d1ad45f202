"""Repeated timings of sides that take turns: one works, the others wait."""

import statistics
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

# A thread pool spins for a while after its last task, waiting for the next: 0.2 s with Intel's and
# LLVM's OpenMP (KMP_BLOCKTIME), less with GNU's. The next side must not share a core with it.
SETTLE_SECONDS = 0.3


@dataclass(frozen=True)
class Spread:
    """A median between the smallest and the largest value."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Give median, smallest and largest of one or more values.

    >>> spread([3.0, 1.0, 2.0, 9.0])
    Spread(median=2.5, low=1.0, high=9.0)
    """
    return Spread(statistics.median(values), min(values), max(values))


def turns(
    sides: Collection[str], rounds: int, settle: float = SETTLE_SECONDS
) -> Iterator[tuple[str, int]]:
    """Give the turns of sides, with the number of the round; wait some seconds after each.

    >>> list(turns("abc", 2, settle=0))
    [('a', 0), ('b', 0), ('c', 0), ('a', 1), ('b', 1), ('c', 1)]
    """
    for number in range(rounds):
        for side in sides:
            yield side, number
            time.sleep(settle)
