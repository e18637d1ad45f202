"""Contests, held: every side in a process of its own, timed in turns."""

import math
import statistics
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec

from benchmarks.alternation import Taken, Timings, alternate
from benchmarks.contests import OURS, Contest
from benchmarks.process import Work, Worker
from benchmarks.results import HeldContest, NamedPeer, RatioRow, SideTimes
from brain_tumor.metrics.timing import Spread, spread

Notify = Callable[[str], None]
SECONDS = "seconds"  # key of a target where there is no peer


def hold(
    name: str,
    contest: Contest,
    targets: Mapping[str, float],
    warm_up: int,
    repeats: int,
    notify: Notify,
) -> HeldContest:
    """Hold a contest.

    Args:
        name: Its name.
        contest: What it is.
        targets: By peer, how many times its median ours may be; `seconds` where there is no peer.
        warm_up: Rounds that are not counted.
        repeats: Rounds that are.
        notify: Called with a line about what is done now.
    """
    missing = {
        peer: f"{found.needs} is not installed: pip install {found.needs}"
        for peer, found in contest.peers.items()
        if found.needs is not None and find_spec(found.needs) is None
    }
    works = {OURS: contest.ours} | {
        peer: found.work for peer, found in contest.peers.items() if peer not in missing
    }
    sides, failed = take_turns(name, works, warm_up, repeats, notify)
    failed = missing | failed
    rows = []
    for peer in contest.peers or (SECONDS,):
        row = RatioRow(None if peer == SECONDS else peer, targets.get(peer))
        fault = failed.get(OURS) or failed.get(peer)
        if fault is None:
            row = _compared(row, sides[OURS], sides.get(peer))
        rows.append(replace(row, fault=fault))
    peers = {peer: NamedPeer(found.title, found.what) for peer, found in contest.peers.items()}
    return HeldContest(name, contest.title, contest.inside, peers, sides, tuple(rows))


def take_turns(
    name: str, works: Mapping[str, Work], warm_up: int, repeats: int, notify: Notify
) -> tuple[dict[str, SideTimes], dict[str, str]]:
    """Time several pieces of work in turns, each in a process of its own.

    Returns:
        For each that came to its end, what it took; for the others, why not.
    """
    with ExitStack() as stack:
        notify(f"{name}: getting ready")
        workers = {side: stack.enter_context(Worker(work)) for side, work in works.items()}
        taken, failed = alternate(
            workers,
            warm_up,
            repeats,
            lambda side, turn: notify(f"{name}: {side}, round {turn + 1} of {warm_up + repeats}"),
        )
    # Only after they have ended is their peak memory known.
    return {side: _side(taken[side], workers[side]) for side in taken}, failed


def _side(taken: Taken, worker: Worker) -> SideTimes:
    return SideTimes(
        cost=spread(taken.timings.cost),
        seconds=tuple(round(value, 6) for value in taken.timings.seconds),
        scans=taken.timings.scans,
        extras={name: spread(values) for name, values in taken.extras.items()},
        threads=worker.work.threads,
        peak_resident=worker.peak_resident,
        peak_anonymous=worker.peak_anonymous,
    )


def _compared(row: RatioRow, ours: SideTimes, peer: SideTimes | None) -> RatioRow:
    """Judge our side by the target."""
    ratio = None
    if peer is not None:
        both = (Timings(side.seconds, side.scans) for side in (ours, peer))
        ratio = ratio_of_medians(*both)
    value = ours.cost.median if ratio is None else ratio.median
    met = None if row.target is None else bool(value <= row.target and math.isfinite(value))
    return replace(row, ratio=ratio, met=met)


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
