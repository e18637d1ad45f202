"""Sides take turns: one works, the others wait."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from brain_tumor.runtime.benchmark.timing import Timings

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
    told: Callable[[str, int], None] = lambda name, turn: None,
    settle: float = SETTLE_SECONDS,
) -> tuple[dict[str, Taken], dict[str, str]]:
    """Let sides do their work in turns, A B C A B C.

    Args:
        sides: By name, in the order of their turns.
        warm_up: Rounds that are not counted: files get into memory, kernels are chosen.
        repeats: Rounds that are, at least 1.
        told: Called before each turn with the side's name and the number of its turn, from 0.
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
            told(name, turn)
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
