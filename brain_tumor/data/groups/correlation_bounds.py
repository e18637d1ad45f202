"""Bounds of the normalised correlation of two thumbnails, that cost less than the correlation.

The discrete cosine transform is orthonormal, so a correlation is the sum over all coefficients of
one thumbnail times those of the other. A flip changes nothing but the signs of the odd
coefficients, a transposition swaps the two of each pair across the diagonal. Hence two bounds:

Over all orientations at once, with a few numbers per scan whatever its orientation,

    correlation <= sum of size * size',

where each size is the norm of one part of the coefficients that every orientation maps to itself:
the two of a pair across the diagonal, all whose larger index is the same, all that are left.

For each orientation, closer, with the coarse coefficients and the norm of the fine ones,

    correlation <= coarse . coarse' + |fine| |fine'|.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.fft import dct

from brain_tumor.data.groups.connected import Ids
from brain_tumor.data.groups.orientations import ORIENTATIONS
from brain_tumor.files.scans import Grey

_COARSE = 24  # DCT coefficients per axis: at 16 more pairs have to be looked at, 32 cost more
_PAIRED = 16  # of them, per axis, those that have a size for each pair: likewise
_SIZES = _PAIRED * (_PAIRED + 1) // 2 + _COARSE - _PAIRED + 1
FEW = 32  # thumbnails whose float32 pixels stay in a processor's own cache
_ROUNDING = 1e-4  # of float32 sums over 9,216 pixels, taken off the threshold of the bounds

Floats = npt.NDArray[np.float32]


class BoundedScans:
    """Thumbnails of one view, with what bounds their correlations.

    Args:
        scans: `(N, S, S)`, uint8.
    """

    def __init__(self, scans: Grey) -> None:
        number, side = scans.shape[:2]
        self.scans = scans
        self._mean = np.zeros((number, 1, 1), np.float32)
        self._norm = np.zeros((number, 1, 1), np.float32)
        self._fine = np.zeros(number, np.float32)
        self._waves = dct(np.eye(side, dtype=np.float32), axis=0, norm="ortho")[:_COARSE]
        self._sizes = np.zeros((number, _SIZES), np.float32)
        coarse = np.zeros((number, _COARSE, _COARSE), np.float32)

        def transform(rows: slice) -> None:
            centred = scans[rows].astype(np.float32)
            self._mean[rows] = centred.mean(axis=(1, 2), keepdims=True)
            centred -= self._mean[rows]
            norm = np.sqrt(np.square(centred).sum(axis=(1, 2), keepdims=True))
            # A blank scan gets norm 0 when divided: it must not be a candidate for everything.
            self._norm[rows] = np.where(norm > 0, norm, np.inf)
            standard = self.standardised(rows)
            coarse[rows] = np.matmul(np.matmul(self._waves, standard), self._waves.T)
            left = np.square(standard).sum(axis=(1, 2)) - np.square(coarse[rows]).sum(axis=(1, 2))
            self._fine[rows] = np.sqrt(np.maximum(0, left))
            self._sizes[rows] = _sizes(coarse[rows], self._fine[rows])

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            few = (slice(start, start + FEW) for start in range(0, number, FEW))
            list(pool.map(transform, few))
        self._coarse = {False: _by_parity(coarse), True: _by_parity(coarse.swapaxes(1, 2))}

    def standardised(self, rows: slice | Ids) -> Floats:
        """Give thumbnails of mean 0 and norm 1; of norm 0, and so like no other, where blank."""
        centred = self.scans[rows].astype(np.float32)
        centred -= self._mean[rows]
        centred /= self._norm[rows]
        return centred

    def candidates(self, rows: slice, others: slice, least: float) -> tuple[Ids, Ids]:
        """Give the pairs of two blocks that may reach `least` in some orientation, row by row.

        Returns:
            The first and the second scan of each, `(pairs,)`, int64.
        """
        reached = self._sizes[rows] @ self._sizes[others].T >= least - _ROUNDING
        if rows == others:
            reached = np.triu(reached, 1)
        first, second = np.divmod(np.flatnonzero(reached), reached.shape[1])
        return first + rows.start, second + others.start

    def reaching(self, first: Ids, second: Ids, least: float) -> npt.NDArray[np.bool_]:
        """Tell which pairs may reach `least` in which orientation, `(8, pairs)`."""
        fine = self._fine[first] * self._fine[second]
        plain = [part[first] for part in self._coarse[False]]
        sums = {
            transposed: [
                np.einsum("nk,nk->n", ones, others[second])
                for ones, others in zip(plain, parts, strict=True)
            ]
            for transposed, parts in self._coarse.items()
        }
        bounds = np.empty((len(ORIENTATIONS), len(first)), np.float32)
        for bound, (transposed, rows, columns) in zip(bounds, ORIENTATIONS.values(), strict=True):
            ee, eo, oe, oo = sums[transposed]
            # Reversed rows change the sign of odd rows of coefficients, and so do columns.
            down, across = -1 if rows else 1, -1 if columns else 1
            bound[:] = ee + across * eo + down * oe + down * across * oo + fine
        return np.asarray(bounds >= least - _ROUNDING)


def _sizes(coarse: Floats, fine: Floats) -> Floats:
    square = np.square(coarse)
    both = square + square.swapaxes(1, 2)
    above, beside = np.triu_indices(_PAIRED, 1)
    parts = [both[:, above, beside], square[:, range(_PAIRED), range(_PAIRED)]]
    for i in range(_PAIRED, _COARSE):
        parts.append(both[:, i, :i].sum(axis=1, keepdims=True) + square[:, i, i, None])
    return np.asarray(np.sqrt(np.concatenate([*parts, np.square(fine)[:, None]], axis=1)))


def _by_parity(coarse: Floats) -> list[Floats]:
    # Coefficients of even and odd rows and columns apart: ee, eo, oe, oo, each `(N, k)`.
    parts = (coarse[:, row::2, column::2] for row, column in product((0, 1), repeat=2))
    return [np.ascontiguousarray(part).reshape(len(coarse), -1) for part in parts]
