"""Pairs of scans that may show the same slice: few of all, found without comparing pixels.

What `local_structure` says of a view is pooled to a coarse grid. Most of that is common to all
heads (a closed outline, a midline), so what is common is weighed down: the descriptors are
whitened by their own second moments, as face and image retrieval does (Jegou and Chum, 2012,
doi 10.1007/978-3-642-33709-3_55). The cosine of two whitened descriptors is near 0 for two heads,
and high for two pictures of one slice. A matrix product gives it for all pairs at once, in each of
the eight orientations.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations_with_replacement

import cv2
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from brain_tumor.data.groups.connected import Ids
from brain_tumor.data.groups.local_structure import Floats, Steps, orient_structure
from brain_tumor.data.groups.orientations import ORIENTATIONS

GRID = 12  # cells per axis
_RIDGE = 3e-3  # of the second largest moment, added to all: what is below is noise
_BLOCK = 512  # scans compared with as many others at once: a block fits a processor's cache


@dataclass(frozen=True)
class Candidates:
    """Pairs worth a closer look, `(P,)` each."""

    first: Ids
    second: Ids  # larger than `first`
    orientation: Ids  # what turns the second into the first, a place in `ORIENTATIONS`
    cosine: Floats  # of the descriptors, then

    def taking(self, which: npt.NDArray[np.bool_]) -> "Candidates":
        """Give some of them, by a truth value for each, `(P,)`."""
        return Candidates(
            *(self.first[which], self.second[which], self.orientation[which]),
            cosine=self.cosine[which],
        )


def describe(structure: Steps) -> Floats:
    """Pool a `local_structure`, `(2, S, S)`, to `(2, GRID, GRID)`, float32, of norm 1 (or 0)."""
    cell = structure.shape[-1] / GRID
    pooled = np.stack(
        [
            cv2.resize(
                cv2.GaussianBlur(part.astype(np.float32), (0, 0), cell / 2),
                (GRID, GRID),
                interpolation=cv2.INTER_AREA,
            )
            for part in structure
        ]
    )
    return np.asarray(pooled / max(float(np.linalg.norm(pooled)), 1e-6), np.float32)


def whiten(descriptors: Floats) -> Floats:
    """Weigh down what descriptors `(N, 2, GRID, GRID)` have in common, whatever the orientation.

    Gives the same shape, each of norm 1 (or 0).
    """
    number = len(descriptors)
    flat = descriptors.reshape(number, -1)
    size = flat.shape[1]
    moments = (flat.T @ flat).astype(np.float64) / max(number, 1)
    basis = np.eye(size).reshape(size, *descriptors.shape[1:])
    turns = [orient_structure(basis, name).reshape(size, size) for name in ORIENTATIONS]
    moments = np.mean([turn.T @ moments @ turn for turn in turns], axis=0)
    values, vectors = np.linalg.eigh(moments)
    ridge = _RIDGE * max(values[-2], 1e-12)
    whitening = (vectors / np.sqrt(np.maximum(values, 0) + ridge)) @ vectors.T
    white = flat @ whitening.astype(np.float32)
    norms = np.linalg.norm(white, axis=1, keepdims=True)
    return np.asarray(white / np.maximum(norms, 1e-6), np.float32).reshape(descriptors.shape)


def find_candidates(
    white: Floats, least: float, known: int = 0
) -> Iterator[tuple[int, int, Candidates]]:
    """Find the pairs whose whitened descriptors' cosine reaches `least` in some orientation.

    The first scans, so many as are known, are not compared with each other.

    Yields:
        Blocks of pairs done, blocks in all, and the candidates of one, in its best orientation.
    """
    number = len(white)
    flat = white.reshape(number, -1)
    turned = [
        np.ascontiguousarray(orient_structure(white, name)).reshape(number, -1)
        for name in ORIENTATIONS
    ]
    starts = [*range(0, known, _BLOCK), *range(known, number, _BLOCK)]
    ends = [min(start + _BLOCK, known if start < known else number) for start in starts]
    blocks = [slice(*both) for both in zip(starts, ends, strict=True)]
    compared = [
        (rows, others)
        for rows, others in combinations_with_replacement(blocks, 2)
        if others.start >= known
    ]

    def compare(pair: tuple[slice, slice]) -> Candidates:
        rows, others = pair
        best = np.full((rows.stop - rows.start, others.stop - others.start), -1, np.float32)
        which = np.zeros(best.shape, np.int8)
        for place, vectors in enumerate(turned):
            cosines = flat[rows] @ vectors[others].T
            higher = cosines > best
            which[higher] = place
            np.maximum(best, cosines, out=best)
        if rows == others:
            best[np.tril_indices(len(best))] = -1
        first, second = np.nonzero(best >= least)
        return Candidates(
            *(first + rows.start, second + others.start),
            orientation=which[first, second].astype(np.int64),
            cosine=best[first, second],
        )

    # A core per pair of blocks: threads inside such small products would wait for each other.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, found in enumerate(pool.map(compare, compared), 1):
            yield done, len(compared), found
