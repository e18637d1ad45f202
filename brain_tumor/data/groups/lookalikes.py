"""An independent look at a split: scans whose plain pictures correlate, whatever was grouped.

The search for related scans builds the groups of a split, so it cannot tell what it missed. This
measure is another one: it knows neither edges nor registration, and compares every pair, in each of
the eight orientations, by the normalised correlation of grey values. It is exact: no pair is left
out that reaches the lowest of `LEVELS`.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from threadpoolctl import threadpool_limits

from brain_tumor.data.groups.connected import Ids
from brain_tumor.data.groups.correlation_bounds import FEW, BoundedScans, Floats
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.prepared.thumbnails import thumbnail
from brain_tumor.files.scans import Grey

# On the Kaggle set hardly a slice reaches 0.95 with another patient's, and none 0.98; pairs of
# healthy scans that reached 0.93 all showed one slice where they were looked at.
LEVELS = (0.93, 0.95, 0.98)

_BLOCK = 512  # scans compared with as many others at once: a block fits a processor's cache


@dataclass(frozen=True)
class Lookalikes:
    """Pairs of kept scans that look alike.

    Attributes:
        first: Rows of the one, `(P,)`, int64.
        second: Rows of the other, likewise.
        correlation: Of their whole frames, or of their heads if that is higher, `(P,)`, float32.
    """

    first: Ids
    second: Ids
    correlation: Floats

    def closest(self, train: Ids, test: Ids) -> Floats:
        """Give the highest correlation of each test scan with a training scan.

        Args:
            train: Rows of the training scans.
            test: Rows of the test scans, T in all.

        Returns:
            `(T,)`, float32; 0 where none reaches the lowest of `LEVELS`.
        """
        together = np.concatenate((train, test, self.first, self.second))
        scans = 1 + int(together.max(initial=0))
        trained = np.zeros(scans, bool)
        trained[train] = True
        highest = np.zeros(scans, np.float32)
        for one, other in ((self.first, self.second), (self.second, self.first)):
            across = trained[other]
            np.maximum.at(highest, one[across], self.correlation[across])
        return highest[test]


def find_lookalikes(prepared: PreparedSet) -> Lookalikes:
    """Correlate all kept scans of a prepared set, 6,589 in about four seconds on two cores."""
    raw = [place for place, row in enumerate(prepared.manifest) if row.row is not None]
    frames = np.asarray(prepared.frames)[raw]
    heads = np.stack([thumbnail(np.asarray(scan)) for scan in prepared.images])
    return correlated(LEVELS[0], frames, heads)


def correlated(least: float, *views: Grey) -> Lookalikes:
    """Find all pairs of scans of which a view correlates by `least` or more.

    Args:
        least: Least normalised correlation.
        views: Pictures of the scans, `(N, S, S)` each, uint8, 0-255. A blank one is like none.
    """
    best: dict[tuple[int, int], float] = {}
    for view in views:
        for first, second, values in _correlate_all(view, least):
            found = zip(first.tolist(), second.tolist(), values.tolist(), strict=True)
            for one, other, value in found:
                best[one, other] = max(value, best.get((one, other), value))
    ordered = sorted(best)
    ends = np.array(ordered, np.int64).reshape(-1, 2)
    return Lookalikes(
        ends[:, 0], ends[:, 1], np.array([best[pair] for pair in ordered], np.float32)
    )


def _correlate_all(scans: Grey, least: float) -> Iterator[tuple[Ids, Ids, Floats]]:
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(scans), _BLOCK)]
    compared = list(combinations_with_replacement(blocks, 2))
    # A core per pair of blocks: threads inside such small products would wait for each other.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        bounded = BoundedScans(scans)

        def compare(pair: tuple[slice, slice]) -> tuple[Ids, Ids, Floats]:
            first, second = bounded.candidates(*pair, least)
            values = np.zeros(len(first), np.float32)
            for start in range(0, len(first), _BLOCK):
                some = slice(start, start + _BLOCK)
                values[some] = _correlate(bounded, first[some], second[some], least)
            reached = values >= least
            return first[reached], second[reached], values[reached]

        yield from pool.map(compare, compared)


def _correlate(scans: BoundedScans, first: Ids, second: Ids, least: float) -> Floats:
    """Correlate pairs, each in the orientations in which it can reach `least`; `(P,)`."""
    highest = np.zeros(len(first), np.float32)
    reaching = scans.reaching(first, second, least)
    for name, reached in zip(ORIENTATIONS, reaching, strict=True):
        which = np.flatnonzero(reached)
        for start in range(0, len(which), FEW):
            few = which[start : start + FEW]
            ones, others = scans.standardised(first[few]), scans.standardised(second[few])
            values = np.einsum("nij,nij->n", ones, orient(others, name))
            highest[few] = np.maximum(highest[few], values)
    return highest
