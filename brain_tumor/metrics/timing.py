"""Repeated timings of sides that take turns: one works, the others wait."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Spread:
    """A median between the smallest and the largest value."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Timings:
    """How long a side took for the same work, again and again.

    Attributes:
        seconds: Of each repetition, in the order they were taken; at least one.
        scans: Scans treated in each; None where the work is not done per scan.

    Raises:
        ValueError: There is no repetition, or a number is not positive.
    """

    seconds: tuple[float, ...]
    scans: int | None = None

    def __post_init__(self) -> None:
        no_scans = self.scans is not None and self.scans < 1
        if no_scans or not self.seconds or min(self.seconds) <= 0:
            raise ValueError(f"timings of {self.scans} scans in {self.seconds} seconds")

    @property
    def cost(self) -> tuple[float, ...]:
        """Seconds per scan of each repetition, or per repetition where there are no scans."""
        return tuple(seconds / (self.scans or 1) for seconds in self.seconds)


def spread(values: Sequence[float]) -> Spread:
    """Give median, smallest and largest of one or more values.

    >>> spread([3.0, 1.0, 2.0, 9.0])
    Spread(median=2.5, low=1.0, high=9.0)
    """
    return Spread(statistics.median(values), min(values), max(values))


# A thread pool spins for a while after its last task, waiting for the next: 0.2 s with Intel's and
# LLVM's OpenMP (KMP_BLOCKTIME), less with GNU's. The next side must not share a core with it.
SETTLE_SECONDS = 0.3


class SideError(Exception):
    """A side could not do its work; the message is one sentence."""


class Side(Protocol):
    """Does the same work again whenever it is told to."""

    def again(self) -> Mapping[str, Any]:
        """Do it once and give what was measured: `seconds`, `scans` or None, and extras.

        Raises:
            SideError: It could not.
        """
        ...


@dataclass(frozen=True)
class Taken:
    """What a side did in its turns.

    Attributes:
        timings: Of the turns that count.
        extras: What else it measured, per name a value for each of these turns.
    """

    timings: Timings
    extras: Mapping[str, tuple[float, ...]]


def alternate(
    sides: Mapping[str, Side],
    warm_up: int,
    repeats: int,
    notify: Callable[[str, int], None] = lambda name, turn: None,
    settle: float = SETTLE_SECONDS,
) -> tuple[dict[str, Taken], dict[str, str]]:
    """Let sides do their work in turns, A B C A B C.

    Args:
        sides: By name, in the order of their turns.
        warm_up: Rounds that are not counted: files get into memory, kernels are chosen.
        repeats: Rounds that are, at least 1.
        notify: Called before each turn with the side's name and the number of its turn, from 0.
        settle: Seconds to wait between two turns.

    Returns:
        What each side did, and, for a side that failed, its sentence. A side that fails is left
        out from then on; the others go on.
    """
    turns: dict[str, list[Mapping[str, Any]]] = {name: [] for name in sides}
    failed: dict[str, str] = {}
    for turn in range(warm_up + repeats):
        for name, side in sides.items():
            if name in failed:
                continue
            notify(name, turn)
            try:
                turns[name].append(side.again())
            except SideError as error:
                failed[name] = str(error)
            time.sleep(settle)
    return {
        name: _taken(measured[warm_up:]) for name, measured in turns.items() if name not in failed
    }, failed


def _taken(turns: Iterable[Mapping[str, Any]]) -> Taken:
    counted = list(turns)
    timings = Timings(tuple(turn["seconds"] for turn in counted), counted[0]["scans"])
    names = [name for name in counted[0] if name not in ("seconds", "scans")]
    return Taken(timings, {name: tuple(turn[name] for turn in counted) for name in names})
