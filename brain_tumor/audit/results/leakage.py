"""What an audit found out about leakage: what test and training scans share under each split."""

from dataclasses import dataclass
from typing import Literal

from brain_tumor.metrics.leakage import PartOverlap


@dataclass(frozen=True)
class VariantLeakage(PartOverlap):
    """One variant of a split: a seed, a fold, or the split itself where it has but one.

    Attributes:
        split: Name of the split, such as `report`; `published` are the folders as they are.
        detail: The seed or fold, such as `seed 0`; empty where there is but one variant.
    """

    split: str
    detail: str


@dataclass(frozen=True)
class LookalikePair:
    """Two kept scans of different groups that look alike.

    Attributes:
        paths: Their paths inside the raw folder.
        correlation: Their normalised correlation in [-1, 1], of frames or of heads.
        patients: Whether the patients of both are known; then they differ.
    """

    paths: tuple[str, str]
    correlation: float
    patients: Literal["two known", "not known"]


@dataclass(frozen=True)
class LookalikePairs:
    """Pairs of kept scans that look alike in two groups, which no split over groups keeps apart.

    Attributes:
        level: Lowest correlation of such a pair, in [0, 1].
        count: Number of pairs.
        scans: Number of scans in them.
        pairs: The first of them, most alike first.
    """

    level: float
    count: int
    scans: int
    pairs: tuple[LookalikePair, ...]
