"""How far features of a scan lie from those of reference scans, in two ways."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

Features = npt.NDArray[np.float64]

MAX_STEPS = 64  # principal components of one kind of features
# Share of the mean variance that each direction has at least: rounding alone is no difference.
_SHRINK = 1e-3
_LEAST_NORM = 1e-6  # of features, so that those of a dead layer, all 0, have a direction: none


@dataclass(frozen=True)
class Spread:
    """A Gaussian around reference features.

    Attributes:
        mean: `(F,)`, float64.
        steps: Turns a difference from the mean into independent steps of unit variance, `(F, K)`,
            float32.
    """

    mean: Features
    steps: npt.NDArray[np.float32]

    def score(self, features: Features) -> Features:
        """Give the Mahalanobis distance of each scan, per root of its K dimensions.

        Of `(N, F)` finite features it is `(N,)`, 0 or more, about 1 for reference scans.
        """
        apart: Features = (features - self.mean) @ self.steps.astype(np.float64)
        return np.asarray(np.sqrt(np.mean(apart**2, axis=1)))


@dataclass(frozen=True)
class Neighbours:
    """Directions of reference features.

    Attributes:
        directions: `(R, F)`, float32 that hold float16 values, each row of length 1 but for
            rounding.
    """

    directions: npt.NDArray[np.float32]

    def score(self, features: npt.NDArray[np.float32]) -> Features:
        """Give the distance of each scan's direction from the nearest reference.

        Of `(N, F)` finite features it is `(N,)`, from 0 for the same direction to 2 for the
        opposite one.
        """
        alike = (_directed(features) @ self.directions.T).max(axis=1).astype(np.float64)
        return np.asarray(np.sqrt(np.maximum(2 - 2 * alike, 0)))


def fit_spread(reference: Features, sizes: Sequence[int]) -> Spread:
    """Fit a Gaussian to reference features of several kinds, such as texture and layout.

    Features are standardised, each kind is reduced to its first 64 principal components, and these
    are whitened together with a covariance shrunk towards a multiple of the identity (Ledoit and
    Wolf, 2004, doi 10.1016/S0047-259X(03)00096-4). The distance is that of Lee et al., 2018, arXiv
    1807.03888, with one class.

    Args:
        reference: `(N, F)`, finite.
        sizes: How many features each kind has, in their order; F in all.
    """
    mean, deviation = reference.mean(axis=0), reference.std(axis=0)
    # What never differs in the reference has no unit to measure a difference in.
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 1e-9)
    standard = (reference - mean) * scale
    with threadpool_limits(limits=1, user_api="blas"):  # the same rounding on any number of threads
        reduce = np.zeros((len(mean), sum(min(kind, MAX_STEPS) for kind in sizes)))
        row = column = 0
        for kind in sizes:
            part = slice(row, row + kind)
            first = _whitening(standard[:, part])[:, :MAX_STEPS]
            reduce[part, column : column + first.shape[1]] = first
            row, column = row + kind, column + first.shape[1]
        steps = reduce @ _whitening(standard @ reduce)
    return Spread(mean, (scale[:, None] * steps).astype(np.float32))


def fit_neighbours(reference: npt.NDArray[np.float32]) -> Neighbours:
    """Keep the directions of `(R, F)` finite features, for the distance of Sun et al., 2022.

    "Out-of-distribution detection with deep nearest neighbors", arXiv 2204.06507: features are
    divided by their length. The first neighbour counts.
    """
    return Neighbours(_directed(reference).astype(np.float16).astype(np.float32))


def _directed(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths = np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, _LEAST_NORM), np.float32)


def _whitening(centred: Features) -> Features:
    """Give `(F, F)`: principal directions, largest variance first, divided by their deviation."""
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    variances = np.maximum(variances[::-1], 0)
    shrunk = (1 - _SHRINK) * variances + _SHRINK * variances.mean()
    # Where the reference is one scan, or many copies of one, nothing has a spread.
    unit = np.divide(1, np.sqrt(shrunk), out=np.zeros_like(shrunk), where=shrunk > 0)
    return np.asarray(directions[:, ::-1] * unit)
