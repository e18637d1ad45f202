"""What the test part shares with the training part: copies, slices, near-duplicates, patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from brain_tumor.evaluation.scores import Labels

Ids = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

ANY = "any"


@dataclass(frozen=True)
class ClassOverlap:
    """Test scans of one class.

    Attributes:
        known: Those whose identity is known.
        shared: Those of them whose identity a training scan has, too.
        scans: All of them.
    """

    known: int
    shared: int
    scans: int

    @property
    def share_of_known(self) -> float | None:
        """`shared / known` in [0, 1]; None where none is known."""
        return self.shared / self.known if self.known else None

    @property
    def share_of_all(self) -> float | None:
        """`shared / scans` in [0, 1], a lower bound where some are unknown; None without scans."""
        return self.shared / self.scans if self.scans else None


@dataclass(frozen=True)
class Overlap(ClassOverlap):
    """All test scans, and by class name those of each class."""

    per_class: dict[str, ClassOverlap]


def leakage(
    identities: Mapping[str, Ids],
    train: Rows,
    test: Rows,
    labels: Labels,
    classes: Sequence[str],
) -> dict[str, Overlap]:
    """Count the test scans that share an identity with a training scan.

    Args:
        identities: By name (`patient`, `slice`, ...), the identity of each scan, `(N,)`, int64;
            two scans with one number are the same patient, slice or whatever the name says, -1 is
            unknown and shared with none.
        train: Rows of the training scans; those of a validation part only if they are to count.
        test: Rows of the test scans.
        labels: Class numbers of all scans, `(N,)`, int64.
        classes: Class names in the order of the numbers.

    Returns:
        An overlap per identity, in their order, then `any`: scans of which at least one identity
        is known, and at least one shared.

    Raises:
        ValueError: An identity has another length than the labels, or is named `any`.

    Example:
        >>> identities = {"patient": np.array([0, 0, 1, -1]), "slice": np.array([0, 1, 2, -1])}
        >>> train, test = np.array([0]), np.array([1, 2, 3])
        >>> found = leakage(identities, train, test, np.array([0, 0, 0, 0]), ["glioma"])
        >>> found["patient"].known, found["patient"].shared, found["patient"].share_of_known
        (2, 1, 0.5)
        >>> found["slice"].shared, found["any"].shared
        (0, 1)
    """
    result = {}
    any_known = np.zeros(len(test), bool)
    any_shared = np.zeros(len(test), bool)
    for name, ids in identities.items():
        if len(ids) != len(labels) or name == ANY:
            raise ValueError(f"identity {name!r} of {len(ids)} scans for {len(labels)} labels")
        known = ids[test] >= 0
        shared = known & np.isin(ids[test], ids[train])
        result[name] = _overlap(known, shared, labels[test], classes)
        any_known |= known
        any_shared |= shared
    result[ANY] = _overlap(any_known, any_shared, labels[test], classes)
    return result


def _overlap(
    known: npt.NDArray[np.bool_],
    shared: npt.NDArray[np.bool_],
    labels: Labels,
    classes: Sequence[str],
) -> Overlap:
    per_class = {}
    for number, name in enumerate(classes):
        own = labels == number
        per_class[name] = ClassOverlap(
            int(np.sum(known & own)), int(np.sum(shared & own)), int(np.sum(own))
        )
    return Overlap(int(np.sum(known)), int(np.sum(shared)), len(labels), per_class)
