"""How fast each side of an export is, measured in turns."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brain_tumor.export.agreement import Predict, Scans
from brain_tumor.metrics.timing import SETTLE_SECONDS, Spread, alternate, spread

WARM_UP = 1  # rounds: kernels are chosen, memory is taken
TIMED = 32  # scans in a turn, one by one or all at once


@dataclass(frozen=True)
class Pass:
    """A side of the contest: some batches, looked at again and again."""

    predict: Predict
    batches: Sequence[Scans]

    def again(self) -> Mapping[str, Any]:
        """Predict at all batches once; give `seconds` and the number of `scans`."""
        started = time.perf_counter()
        for batch in self.batches:
            self.predict(batch)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "scans": sum(map(len, self.batches))}


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
        passes = {name: Pass(predict, batches) for name, predict in sides.items()}
        taken, _ = alternate(passes, WARM_UP, rounds, settle=SETTLE_SECONDS)
        for name, turns in taken.items():
            found[name][str(size)] = spread(turns.timings.cost)
    return found
