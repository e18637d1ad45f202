"""How fast each side of an export is, measured in turns."""

import time
from collections.abc import Mapping

from brain_tumor.export.agreement import Predict, Scans
from brain_tumor.metrics.timing import SETTLE_SECONDS, Spread, spread, turns

WARM_UP = 1  # rounds: kernels are chosen, memory is taken
TIMED = 32  # scans in a turn, one by one or all at once


def seconds_per_scan(
    sides: Mapping[str, Predict], scans: Scans, rounds: int
) -> dict[str, dict[str, Spread]]:
    """Time several sides on the same scans, in turns, one scan at a time and all at once.

    Args:
        sides: By name.
        scans: `(N, 1, size, size)`, uint8, N at least 1.
        rounds: Turns of each side that count.

    Returns:
        Seconds per scan by side and by the size of the batch, as text.
    """
    found: dict[str, dict[str, Spread]] = {name: {} for name in sides}
    for size in sorted({1, len(scans)}):
        batches = [scans[start : start + size] for start in range(0, len(scans), size)]
        costs: dict[str, list[float]] = {name: [] for name in sides}
        for name, _ in turns(sides, WARM_UP + rounds, SETTLE_SECONDS):
            started = time.perf_counter()
            for batch in batches:
                sides[name](batch)
            costs[name].append((time.perf_counter() - started) / len(scans))
        for name, own in costs.items():
            found[name][str(size)] = spread(own[WARM_UP:])
    return found
