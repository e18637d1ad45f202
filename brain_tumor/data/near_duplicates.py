"""Find the same slice again: resized, re-encoded, of other contrast, mirrored or turned.

Two views of every scan are compared, its whole frame and its head alone, as thumbnails. Two scans
are near-duplicates if the normalised correlation of a view reaches that view's threshold in one of
the eight orientations of a square. Every pair is decided as if all were compared at full
resolution, but few are: a scan is split into a coarse and a fine part by the discrete cosine
transform, and since that is orthonormal

    correlation <= coarse . coarse' + |fine| |fine'|,

so only pairs whose bound reaches the threshold have to be looked at. A flip changes nothing but
the signs of the odd coefficients, so four orientations cost one comparison.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from scipy.fft import dctn
from threadpoolctl import threadpool_limits

from brain_tumor.data.groups import Ids, connected
from brain_tumor.data.pairs import Pair
from brain_tumor.data.scans import Grey
from brain_tumor.errors import ConfigError

FRAME, HEAD = "frame", "head"
AS_IS = "as is"
# What turns the second scan of a pair into the first: transposed, then rows, then columns reversed.
ORIENTATIONS = {
    AS_IS: (False, False, False),
    "mirrored left to right": (False, False, True),
    "mirrored top to bottom": (False, True, False),
    "turned by 180 degrees": (False, True, True),
    "turned clockwise": (True, False, True),
    "turned anticlockwise": (True, True, False),
    "transposed": (True, False, False),
    "transposed along the other diagonal": (True, True, True),
}

THUMBNAIL = 96  # pixels; findings on the real set were measured at this size
_COARSE = 24  # DCT coefficients per axis: at 16 more pairs have to be looked at, 32 cost more
_BLOCK = 512  # scans compared with as many others at once: a block fits a processor's cache
_ROUNDING = 1e-4  # of float32 sums over 9,216 pixels, taken off the threshold of the bound

Pixels = TypeVar("Pixels", Grey, npt.NDArray[np.float32])
Floats = npt.NDArray[np.float32]


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


def thumbnail(scan: Grey) -> Grey:
    """Shrink a scan `(H, W)` of any size to `(96, 96)`, uint8, 0-255, whatever its aspect."""
    side = (THUMBNAIL, THUMBNAIL)
    return np.asarray(cv2.resize(scan, side, interpolation=cv2.INTER_AREA), np.uint8)


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


def orient(scans: Pixels, orientation: str) -> Pixels:
    """Flip or turn square scans `(..., S, S)` as `ORIENTATIONS` says; gives a view of them."""
    transposed, rows, columns = ORIENTATIONS[orientation]
    turned = scans.swapaxes(-1, -2) if transposed else scans
    return turned[..., :: -1 if rows else 1, :: -1 if columns else 1]


class _Scans:
    """Thumbnails of one view, ready to be compared.

    Args:
        scans: `(N, 96, 96)`, uint8.
        known: How many of them, the first ones, have blocks of their own.
    """

    def __init__(self, scans: Grey, known: int) -> None:
        self.scans = scans
        self.blocks = [
            slice(start, min(start + _BLOCK, stop))
            for first, stop in ((0, known), (known, len(scans)))
            for start in range(first, stop, _BLOCK)
        ]
        coarse = np.zeros((len(scans), _COARSE, _COARSE), np.float32)
        self.fine = np.zeros(len(scans), np.float32)
        for rows in self.blocks:
            whole = self.standardised(rows)
            coarse[rows] = dctn(whole, axes=(1, 2), norm="ortho")[:, :_COARSE, :_COARSE]
            # Of norm 1, or 0 where blank: a blank scan must not be a candidate for everything.
            left = np.square(whole).sum(axis=(1, 2)) - np.square(coarse[rows]).sum(axis=(1, 2))
            self.fine[rows] = np.sqrt(np.maximum(0, left))
        self.plain = _by_parity(coarse)
        self.transposed = _by_parity(coarse.swapaxes(1, 2))

    def standardised(self, rows: slice | Ids) -> Floats:
        """Give thumbnails of mean 0 and norm 1; of norm 0, and so like no other, where blank."""
        centred = self.scans[rows].astype(np.float32)
        centred -= centred.mean(axis=(1, 2), keepdims=True)
        norm = np.sqrt(np.square(centred).sum(axis=(1, 2), keepdims=True))
        return np.asarray(centred / np.where(norm > 0, norm, np.inf), np.float32)

    def candidates(self, rows: slice, others: slice, least: float) -> Ids:
        """Give the pairs of two blocks whose bound reaches `least`, `(pairs, 2)`."""
        limit = least - _ROUNDING - np.outer(self.fine[rows], self.fine[others])
        reached = np.zeros(limit.shape, bool)
        for turned in (self.plain, self.transposed):
            ee, eo, oe, oo = (self.plain[p][rows] @ turned[p][others].T for p in range(4))
            # Reversed rows change the sign of odd rows of coefficients, and so do columns.
            reached |= ee + oo + np.abs(eo + oe) >= limit
            reached |= ee - oo + np.abs(eo - oe) >= limit
        first, second = np.nonzero(np.triu(reached, 1) if rows == others else reached)
        return np.stack([first + rows.start, second + others.start], axis=1)

    def correlations(self, candidates: Ids) -> Floats:
        """Correlate pairs in every orientation, `(orientations, pairs)`."""
        ones, others = (self.standardised(members) for members in candidates.T)
        return np.stack(
            [np.einsum("nij,nij->n", ones, orient(others, name)) for name in ORIENTATIONS]
        )


def _find_in_view(
    thumbnails: Grey, least: float, view: str, known: int
) -> Iterator[tuple[int, int, list[Pair]]]:
    """Give the pairs of each pair of blocks, with the number of these done and in all."""
    scans = _Scans(thumbnails, known)

    def compare(blocks: tuple[slice, slice]) -> list[Pair]:
        candidates = scans.candidates(*blocks, least)
        found = []
        for start in range(0, len(candidates), _BLOCK):
            some = candidates[start : start + _BLOCK]
            correlations = scans.correlations(some)
            best = correlations.argmax(axis=0)
            for i in np.flatnonzero(correlations.max(axis=0) >= least):
                name, value = tuple(ORIENTATIONS)[best[i]], float(correlations[best[i], i])
                found.append(Pair(int(some[i, 0]), int(some[i, 1]), view, name, round(value, 5)))
        return found

    blocks = [
        (rows, others)
        for rows, others in combinations_with_replacement(scans.blocks, 2)
        if others.start >= known
    ]
    # A core per pair of blocks: threads inside such small products would wait for each other.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, found in enumerate(pool.map(compare, blocks), 1):
            yield done, len(blocks), found


def _by_parity(coarse: Floats) -> list[Floats]:
    # Coefficients of even and odd rows and columns apart: ee, eo, oe, oo, each `(N, k)`.
    parts = (coarse[:, row::2, column::2] for row, column in product((0, 1), repeat=2))
    return [np.ascontiguousarray(part).reshape(len(coarse), -1) for part in parts]
