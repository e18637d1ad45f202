"""Contests, held: every side in a process of its own, timed in turns."""

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

from benchmarks.contests import OURS, Contest
from benchmarks.process import Work, Worker
from brain_tumor.metrics.timing import Taken, Timings, alternate, ratio_of_medians, spread

Record = dict[str, Any]
Notify = Callable[[str], None]
SECONDS = "seconds"  # key of a target where there is no peer


def hold(
    name: str,
    contest: Contest,
    targets: Mapping[str, float],
    warm_up: int,
    repeats: int,
    notify: Notify,
) -> Record:
    """Hold a contest.

    Args:
        name: Its name.
        contest: What it is.
        targets: By peer, how many times its median ours may be; `seconds` where there is no peer.
        warm_up: Rounds that are not counted.
        repeats: Rounds that are.
        notify: Called with a line about what is done now.

    Returns:
        The contest's part of `benchmark.json`: `sides`, `rows` and `failed`.
    """
    missing = {
        peer: f"{found.needs} is not installed: pip install 'brain-tumor[benchmark]'"
        for peer, found in contest.peers.items()
        if found.needs is not None and find_spec(found.needs) is None
    }
    works = {OURS: contest.ours} | {
        peer: found.work for peer, found in contest.peers.items() if peer not in missing
    }
    sides, failed = take_turns(name, works, warm_up, repeats, notify)
    failed = missing | failed
    rows: list[Record] = []
    for peer in contest.peers or (SECONDS,):
        row: Record = {"peer": None if peer == SECONDS else peer, "target": targets.get(peer)}
        fault = failed.get(OURS) or failed.get(peer)
        if fault is None:
            row |= _compared(sides[OURS], sides.get(peer), row["target"])
        rows.append(row | {"fault": fault})
    return {
        "name": name,
        "title": contest.title,
        "inside": contest.inside,
        "peers": {
            peer: {"title": found.title, "what": found.what}
            for peer, found in contest.peers.items()
        },
        "sides": sides,
        "rows": rows,
    }


def take_turns(
    name: str, works: Mapping[str, Work], warm_up: int, repeats: int, notify: Notify
) -> tuple[dict[str, Record], dict[str, str]]:
    """Time several pieces of work in turns, each in a process of its own.

    Returns:
        For each that came to its end, what `benchmark.json` holds of it; for the others, why not.
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


def _side(taken: Taken, worker: Worker) -> Record:
    cost = spread(taken.timings.cost)
    return {
        "cost": asdict(cost),
        "seconds": [round(value, 6) for value in taken.timings.seconds],
        "scans": taken.timings.scans,
        "extras": {name: asdict(spread(values)) for name, values in taken.extras.items()},
        "threads": worker.work.threads,
        "peak_resident": worker.peak_resident,
        "peak_anonymous": worker.peak_anonymous,
    }


def _compared(ours: Record, peer: Record | None, target: float | None) -> Record:
    """Judge our side by the target."""
    if peer is None:
        value, ratio = ours["cost"]["median"], None
    else:
        ratio = asdict(ratio_of_medians(_timings(ours), _timings(peer)))
        value = ratio["median"]
    met = None if target is None else bool(value <= target and math.isfinite(value))
    return {"ratio": ratio, "met": met}


def _timings(side: Record) -> Timings:
    return Timings(tuple(side["seconds"]), side["scans"])
