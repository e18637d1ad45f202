"""Find the same slice again: resized, re-encoded, of other contrast, mirrored or turned.

Two views of every scan are compared, its whole frame and its head alone, as thumbnails. Two scans
are near-duplicates if the normalised correlation of a view reaches that view's threshold in one of
the eight orientations of a square. Every pair is decided as if all were compared at full
resolution, but few are: `correlation_bounds` tells which can reach the threshold, and in which
orientations.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from threadpoolctl import threadpool_limits

from brain_tumor.data.correlation_bounds import FEW, BoundedScans
from brain_tumor.data.groups import Ids, connected
from brain_tumor.data.orientations import ORIENTATIONS, orient
from brain_tumor.data.pairs import Pair
from brain_tumor.data.scans import Grey
from brain_tumor.errors import ConfigError

FRAME, HEAD = "frame", "head"

_BLOCK = 512  # scans compared with as many others at once: a block fits a processor's cache


@dataclass(frozen=True)
class NearDuplicateSettings:
    """Least normalised correlations that make two scans near-duplicates, in 0.5 to 0.9999.

    On the Kaggle set, where a table names the slices, both find no wrong pair: `frame` from 0.975
    to 0.995, `head` from 0.95 to 0.995 (`experiments/near_duplicates/thresholds.csv`). The head
    alone finds copies with other margins.

    Attributes:
        frame: For whole frames.
        head: For heads cut out of them.

    Raises:
        ConfigError: A value is outside its range.
    """

    frame: float
    head: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ConfigError(f"data.near_duplicates.{name} must be a number: {value!r}")
            # Below, most pairs of heads would count as the same; above, rounding decides.
            if not 0.5 <= value <= 0.9999:
                raise ConfigError(f"data.near_duplicates.{name} must lie in 0.5..0.9999: {value}")


def find_near_duplicates(
    frames: Grey,
    heads: Grey,
    settings: NearDuplicateSettings,
    progress: Callable[[int, int], None] | None = None,
    known: int = 0,
) -> list[Pair]:
    """Find all pairs of near-duplicates.

    Args:
        frames: Thumbnails of whole frames, `(N, 96, 96)`, uint8, 0-255.
        heads: Thumbnails of the heads cut out of them, likewise.
        settings: Thresholds.
        progress: Called with blocks of pairs done and blocks in all.
        known: How many scans, the first ones, were compared with each other before: they are
            compared with the others alone.

    Returns:
        A pair for each view that shows it, in its best orientation.
    """
    views = ((FRAME, frames, settings.frame), (HEAD, heads, settings.head))
    pairs: list[Pair] = []
    for number, (view, thumbnails, least) in enumerate(views):
        for done, blocks, found in _find_in_view(thumbnails, least, view, known):
            pairs += found
            if progress is not None:
                progress(number * blocks + done, len(views) * blocks)
    return pairs


def cluster(pairs: Sequence[Pair], scans: int) -> Ids:
    """Join near-duplicates, and near-duplicates of near-duplicates, to clusters.

    Args:
        pairs: What `find_near_duplicates` found.
        scans: Number of scans.

    Returns:
        Cluster number of every scan, `(scans,)`, int64, counted from 0 in order of first member.
    """
    return connected([(pair.first, pair.second) for pair in pairs], scans)


def _find_in_view(
    thumbnails: Grey, least: float, view: str, known: int
) -> Iterator[tuple[int, int, list[Pair]]]:
    """Give the pairs of each pair of blocks, with the number of these done and in all."""
    blocks = [
        slice(start, min(start + _BLOCK, stop))
        for begin, stop in ((0, known), (known, len(thumbnails)))
        for start in range(begin, stop, _BLOCK)
    ]
    compared = [
        (rows, others)
        for rows, others in combinations_with_replacement(blocks, 2)
        if others.start >= known
    ]
    # A core per pair of blocks: threads inside such small products would wait for each other.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        scans = BoundedScans(thumbnails)

        def compare(pair: tuple[slice, slice]) -> list[Pair]:
            found = []
            first, second = scans.candidates(*pair, least)
            for start in range(0, len(first), _BLOCK):
                some = slice(start, start + _BLOCK)
                found += _decide(scans, first[some], second[some], least, view)
            return found

        for done, found in enumerate(pool.map(compare, compared), 1):
            yield done, len(compared), found


def _decide(scans: BoundedScans, first: Ids, second: Ids, least: float, view: str) -> list[Pair]:
    """Correlate pairs, each in the orientations in which it can reach `least`."""
    correlations = np.full((len(ORIENTATIONS), len(first)), -np.inf, np.float32)
    reaching = scans.reaching(first, second, least)
    for name, reached, values in zip(ORIENTATIONS, reaching, correlations, strict=True):
        which = np.flatnonzero(reached)
        for start in range(0, len(which), FEW):
            few = which[start : start + FEW]
            if len(few) == 1:  # NumPy sums a single pair in another order, to other last bits
                few = few.repeat(2)
            ones, others = scans.standardised(first[few]), scans.standardised(second[few])
            values[few] = np.einsum("nij,nij->n", ones, orient(others, name))
    best = correlations.argmax(axis=0)
    names = tuple(ORIENTATIONS)
    found = []
    for i in np.flatnonzero(correlations.max(axis=0) >= least):
        value = round(float(correlations[best[i], i]), 5)
        found.append(Pair(int(first[i]), int(second[i]), view, names[best[i]], value))
    return found
