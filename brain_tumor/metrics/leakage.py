"""What the test part shares with the training part: copies, slices, near-duplicates, patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from brain_tumor.metrics.arrays import Labels, Mask

ANY = "any"


@dataclass(frozen=True)
class SharedScans:
    """Test scans that share one thing, such as the patient, with a training scan.

    Attributes:
        known: Number of test scans for which it is known.
        shared: Number of test scans that share it.
        share_of_known: `shared / known` in [0, 1]; None where it is known for none.
        share_of_all: `shared` of all test scans, in [0, 1]; None without test scans.
        per_class: `share_of_all` among the test scans of each class.
    """

    known: int
    shared: int
    share_of_known: float | None
    share_of_all: float | None
    per_class: Mapping[str, float | None]


def leakage(
    identities: Mapping[str, Labels],
    train: Labels,
    test: Labels,
    labels: Labels,
    classes: Sequence[str],
) -> dict[str, SharedScans]:
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
        What is shared of each identity, in their order, then of `any`: scans of which at least
        one identity is known, and at least one shared.

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
        known = ids[test] >= 0
        shared = known & np.isin(ids[test], ids[train])
        result[name] = _shared(known, shared, labels[test], classes)
        any_known |= known
        any_shared |= shared
    result[ANY] = _shared(any_known, any_shared, labels[test], classes)
    return result


def _shared(known: Mask, shared: Mask, labels: Labels, classes: Sequence[str]) -> SharedScans:
    counts = int(np.sum(known)), int(np.sum(shared))
    return SharedScans(*counts, _share(shared, known), *_shares(shared, labels, classes))


def _shares(
    those: Mask, labels: Labels, classes: Sequence[str]
) -> tuple[float | None, dict[str, float | None]]:
    """Give the share of all scans, and of each class's, that are among those."""
    per_class = {name: _share(those, labels == number) for number, name in enumerate(classes)}
    return _share(those, np.ones(len(those), bool)), per_class


def _share(those: Mask, among: Mask) -> float | None:
    return float(np.mean(those[among])) if among.any() else None


@dataclass(frozen=True)
class LookalikeShare:
    """Shares in [0, 1] of the test scans that look like a training scan.

    `level` is the least correlation that counts as looking alike.
    """

    level: float
    all: float | None
    per_class: dict[str, float | None]
    known_patients: float | None
    unknown_patients: float | None


@dataclass(frozen=True)
class PartOverlap:
    """What the test part of a split shares with its training part.

    Attributes:
        train: Number of training scans.
        test: Number of test scans.
        overlaps: By what is shared: `exact copy`, `slice`, `near-duplicate`, `related`,
            `patient`, and `any` of these.
        lookalikes: Test scans that look like a training scan, at each level of correlation; None
            where they were not sought.
    """

    train: int
    test: int
    overlaps: Mapping[str, SharedScans]
    lookalikes: tuple[LookalikeShare, ...] | None


def lookalike_shares(
    closest: npt.NDArray[np.floating],
    levels: Sequence[float],
    labels: Labels,
    classes: Sequence[str],
    known: Mask,
) -> list[LookalikeShare]:
    """Count the test scans that look like a training scan, at several levels.

    Labels are those of the T test scans, `known` says which are of known patients, and `closest` is
    the highest correlation of each with a training scan, `(T,)`. A share of no scans is None.

    Example:
        >>> closest, labels = np.array([0.99, 0.94, 0.0]), np.array([0, 0, 1])
        >>> known = np.array([True, False, False])
        >>> found = lookalike_shares(closest, [0.95], labels, ["glioma", "notumor"], known)
        >>> found[0].per_class, found[0].unknown_patients
        ({'glioma': 0.5, 'notumor': 0.0}, 0.0)
    """
    alike = {level: closest >= level for level in levels}
    return [
        LookalikeShare(
            level, *_shares(own, labels, classes), _share(own, known), _share(own, ~known)
        )
        for level, own in alike.items()
    ]
