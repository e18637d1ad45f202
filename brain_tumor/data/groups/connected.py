"""Scans that belong together: those of one patient or slice, and related ones."""

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ids = npt.NDArray[np.int64]


def connected(joined: Sequence[tuple[int, int]], scans: int) -> Ids:
    """Number the groups that pairs of scans form, from 0 in order of their first member.

    Example:
        >>> connected([(0, 3), (3, 1)], 4).tolist()
        [0, 0, 1, 0]
    """
    ends = np.array(joined, np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), (scans, scans))
    found = connected_components(graph, directed=False)[1]
    return numbered(found.tolist())


def group_scans(*identities: Sequence[Hashable | None]) -> Ids:
    """Join scans that share any identity (patient, slice, cluster), directly or through others.

    An identity that is not known is None. Gives groups as `connected`.

    Example:
        >>> group_scans(["anna", None, "anna", None], [1, 2, 3, 2]).tolist()
        [0, 1, 0, 1]
    """
    joined = []
    for values in identities:
        first: dict[Hashable, int] = {}
        for position, value in enumerate(values):
            if value is not None:
                joined.append((first.setdefault(value, position), position))
    return connected(joined, len(identities[0]))


def numbered(values: Sequence[Hashable | None]) -> Ids:
    """Give each value a number from 0 in order of its first appearance, None -1.

    Example:
        >>> numbered(["b", None, "a", "b"]).tolist()
        [0, -1, 1, 0]
    """
    numbers: dict[Hashable, int] = {}
    return np.array(
        [-1 if value is None else numbers.setdefault(value, len(numbers)) for value in values],
        np.int64,
    )
