"""Numbers from repeated timings: medians, spreads, and ratios of medians."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


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


def ratio_of_medians(ours: Timings, peer: Timings) -> Spread:
    """Divide our median cost by the peer's.

    The ends are the smallest and the largest ratio of two costs taken in the same round, one right
    after the other: what slows the machine for a while slows both. The ratio of medians may lie a
    little outside of them.

    Raises:
        ValueError: The two have not the same number of repetitions, or only one counts scans.

    Example:
        >>> ratio_of_medians(Timings((1.0, 2.0, 1.0)), Timings((4.0, 5.0, 4.0)))
        Spread(median=0.25, low=0.25, high=0.4)
    """
    if len(ours.seconds) != len(peer.seconds) or (ours.scans is None) != (peer.scans is None):
        raise ValueError(f"{ours} and {peer} do not belong together")
    rounds = [mine / theirs for mine, theirs in zip(ours.cost, peer.cost, strict=True)]
    medians = statistics.median(ours.cost) / statistics.median(peer.cost)
    return Spread(medians, min(rounds), max(rounds))
