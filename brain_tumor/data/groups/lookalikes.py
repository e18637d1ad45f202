"""An independent look at a split: scans whose plain pictures correlate, whatever was grouped.

The search for related scans builds the groups of a split, so it cannot tell what it missed. This
measure is another one: it knows neither edges nor registration, and compares every pair, in each of
the eight orientations, by the normalised correlation of grey values. It is exact: no pair is left
out that reaches the lowest of `LEVELS`.

Most pairs need not be correlated. The discrete cosine transform is orthonormal, so a correlation is
the sum over all coefficients of one thumbnail times those of the other, and

    correlation <= coarse . coarse' + |fine| |fine'|.

A flip changes the signs of the odd coefficients, a transposition swaps the two axes.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from scipy.fft import dctn
from threadpoolctl import threadpool_limits

from brain_tumor.data.groups.connected import Ids
from brain_tumor.data.groups.local_structure import Floats
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.prepared.thumbnails import thumbnail
from brain_tumor.files.scans import Grey

# On the Kaggle set hardly a slice reaches 0.95 with another patient's, and none 0.98; pairs of
# healthy scans that reached 0.93 all showed one slice where they were looked at.
LEVELS = (0.93, 0.95, 0.98)

_COARSE = 24  # DCT coefficients per axis: at 16 more pairs have to be correlated, 32 cost more
_ROUNDING = 1e-4  # of float32 sums over 9,216 pixels, taken off the threshold of the bounds
_BLOCK = 512  # scans compared with as many others at once: a block fits a processor's cache
_FEW = 32  # thumbnails whose float32 pixels stay in a processor's own cache


@dataclass(frozen=True)
class Lookalikes:
    """Pairs of kept scans that look alike, by their rows; `(P,)` each."""

    first: Ids
    second: Ids
    correlation: Floats  # of their whole frames, or of their heads if that is higher

    def closest(self, train: Ids, test: Ids) -> Floats:
        """Give the highest correlation of each test scan with a training scan, by their rows.

        It is 0 where none reaches the lowest of `LEVELS`.
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
    """Correlate all kept scans of a prepared set."""
    raw = [place for place, row in enumerate(prepared.manifest) if row.row is not None]
    frames = np.asarray(prepared.frames)[raw]
    heads = np.stack([thumbnail(np.asarray(scan)) for scan in prepared.images])
    return correlated(LEVELS[0], frames, heads)


def correlated(least: float, *views: Grey) -> Lookalikes:
    """Find all pairs of scans of which a view, `(N, S, S)`, correlates by `least` or more.

    A blank picture is like none.
    """
    found = [some for view in views for some in _correlate_all(view, least)]
    first, second, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
    ends, place = np.unique(np.stack((first, second), axis=1), axis=0, return_inverse=True)
    highest = np.zeros(len(ends), np.float32)
    np.maximum.at(highest, place.ravel(), values)
    return Lookalikes(ends[:, 0], ends[:, 1], highest)


def _correlate_all(scans: Grey, least: float) -> Iterator[tuple[Ids, Ids, Floats]]:
    """Give first, second and correlation of pairs that reach `least`, one orientation at a time."""
    coarse = np.zeros((len(scans), _COARSE, _COARSE), np.float32)
    fine = np.zeros((len(scans), 1), np.float32)

    def transform(start: int) -> None:
        rows = slice(start, start + _FEW)
        waves = dctn(_standardised(scans[rows]), axes=(1, 2), norm="ortho")
        coarse[rows] = waves[:, :_COARSE, :_COARSE]
        left = np.square(waves).sum(axis=(1, 2)) - np.square(coarse[rows]).sum(axis=(1, 2))
        fine[rows, 0] = np.sqrt(np.maximum(0, left))

    def compare(both: tuple[slice, slice]) -> list[tuple[Ids, Ids, Floats]]:
        rows, others = both
        found = []
        fines = fine[rows] @ fine[others].T
        for name, bounds in _products(coarse[rows], coarse[others]):
            reached = bounds + fines >= least - _ROUNDING
            first, second = np.nonzero(np.triu(reached, 1) if rows == others else reached)
            first, second = first + rows.start, second + others.start
            values = np.zeros(len(first), np.float32)
            for start in range(0, len(first), _FEW):
                few = slice(start, start + _FEW)
                ones, turned = _standardised(scans[first[few]]), _standardised(scans[second[few]])
                values[few] = np.einsum("nij,nij->n", ones, orient(turned, name))
            alike = values >= least
            found.append((first[alike], second[alike], values[alike]))
        return found

    blocks = [slice(start, start + _BLOCK) for start in range(0, len(scans), _BLOCK)]
    # A core per pair of blocks: threads inside such small products would wait for each other.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(transform, range(0, len(scans), _FEW)))
        for found in pool.map(compare, combinations_with_replacement(blocks, 2)):
            yield from found


def _standardised(scans: Grey) -> Floats:
    """Give scans of mean 0 and norm 1; of norm 0, and so like no other, where blank."""
    centred = scans.astype(np.float32)
    centred -= centred.mean(axis=(1, 2), keepdims=True)
    norm = np.sqrt(np.square(centred).sum(axis=(1, 2), keepdims=True))
    centred /= np.where(norm > 0, norm, np.inf)
    return centred


def _products(ones: Floats, others: Floats) -> Iterator[tuple[str, Floats]]:
    """Multiply the coefficients of all ones and all others, in each orientation of the others."""
    parities = [np.s_[:, row::2, column::2] for row in (0, 1) for column in (0, 1)]
    for transposed in (False, True):
        turned = others.swapaxes(1, 2) if transposed else others
        even, odd_column, odd_row, odd = (
            ones[part].reshape(len(ones), -1) @ turned[part].reshape(len(others), -1).T
            for part in parities
        )
        for name, (swapped, rows, columns) in ORIENTATIONS.items():
            if swapped == transposed:
                down, across = -1 if rows else 1, -1 if columns else 1
                yield name, even + across * odd_column + down * odd_row + down * across * odd
