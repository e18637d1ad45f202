"""Sides of a contest take turns; one that fails is left out, the others go on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from brain_tumor.metrics.timing import SETTLE_SECONDS, turns


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
    measured: dict[str, list[Mapping[str, Any]]] = {name: [] for name in sides}
    failed: dict[str, str] = {}
    for name, turn in turns(sides, warm_up + repeats, settle):
        if name in failed:
            continue
        notify(name, turn)
        try:
            measured[name].append(sides[name].again())
        except SideError as error:
            failed[name] = str(error)
    return {
        name: _taken(found[warm_up:]) for name, found in measured.items() if name not in failed
    }, failed


def _taken(counted: Sequence[Mapping[str, Any]]) -> Taken:
    timings = Timings(tuple(turn["seconds"] for turn in counted), counted[0]["scans"])
    names = [name for name in counted[0] if name not in ("seconds", "scans")]
    return Taken(timings, {name: tuple(turn[name] for turn in counted) for name in names})
