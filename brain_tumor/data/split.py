"""Which kept scan is for training, which for validation, which for testing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from brain_tumor.errors import ConfigError, DataError

TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = (TRAIN, VALIDATION, TEST)

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Rows of the prepared set per part, each sorted; `validation` may be empty."""

    train: Rows
    validation: Rows
    test: Rows

    @property
    def parts(self) -> dict[str, Rows]:
        """The parts that hold scans, by name, in the order train, validation, test."""
        rows = {part: getattr(self, part) for part in PARTS}
        return {part: members for part, members in rows.items() if len(members)}

    def class_counts(self, labels: Rows, classes: Sequence[str]) -> dict[str, dict[str, int]]:
        """Count the scans of each class in each part.

        Args:
            labels: Class numbers of all kept scans, `(N,)`, int64.
            classes: Class names in the order of the numbers.
        """
        return {
            part: {name: int(np.sum(labels[rows] == i)) for i, name in enumerate(classes)}
            for part, rows in self.parts.items()
        }


@dataclass(frozen=True)
class SplitSettings:
    """What a split is made by.

    Attributes:
        name: `report` or `official`.
        test_fraction: Share of the pooled scans for testing, between 0 and 1; None where the
            published Testing folder is the test part.
        validation_fraction: Share of the training scans to cut off for validation, 0 for none.
        seed: Seed of the shuffling, 0 to 2**32 - 1.

    Raises:
        ConfigError: A value is outside its range.
    """

    name: str
    test_fraction: float | None
    validation_fraction: float
    seed: int

    def __post_init__(self) -> None:
        if self.name not in SPLITS:
            raise ConfigError(f"split.name is {self.name!r}: choose one of {', '.join(SPLITS)}.")
        fraction = self.test_fraction
        if fraction is not None and not 0 < fraction < 1:
            raise ConfigError(f"split.test_fraction must lie between 0 and 1: {fraction}")
        if not 0 <= self.validation_fraction < 1:
            raise ConfigError(
                f"split.validation_fraction must be at least 0, under 1: {self.validation_fraction}"
            )
        if not 0 <= self.seed < 2**32:
            raise ConfigError(f"split.seed must lie in 0..2**32 - 1: {self.seed}")


def split_scans(labels: Rows, folders: Sequence[str], settings: SplitSettings) -> Split:
    """Split the kept scans.

    Args:
        labels: Class numbers, `(N,)`, int64.
        folders: `Training` or `Testing` per scan, as published.
        settings: Rule, fractions and seed.

    Raises:
        DataError: A class has too few scans to stand in every part.
    """
    try:
        train, test = SPLITS[settings.name](labels, folders, settings)
        validation: Rows = np.empty(0, np.int64)
        if settings.validation_fraction:
            train, validation = _stratified(
                train, labels, settings.validation_fraction, settings.seed
            )
    except ValueError as error:  # scikit-learn's word on too small classes or parts
        raise DataError(
            f"The {len(labels)} scans cannot be split by {settings.name} ({error}): "
            "add scans, or choose other fractions."
        ) from error
    if not len(train) or not len(test):
        raise DataError(
            f"The split {settings.name} leaves {len(train)} training and {len(test)} test scans: "
            "each part needs some; choose another split."
        )
    return Split(np.sort(train), np.sort(validation), np.sort(test))


def _report(labels: Rows, folders: Sequence[str], settings: SplitSettings) -> tuple[Rows, Rows]:
    # "combined and stratified into a new training and testing set at the ratio of 75%-25%"
    if settings.test_fraction is None:
        raise ConfigError("split.test_fraction must be a number where split=report.")
    return _stratified(np.arange(len(labels)), labels, settings.test_fraction, settings.seed)


def _official(labels: Rows, folders: Sequence[str], settings: SplitSettings) -> tuple[Rows, Rows]:
    # "Testing as published" leaves nothing to choose; a fraction that is ignored would mislead.
    if settings.test_fraction is not None:
        raise ConfigError(
            "split.test_fraction must be null where split=official: Testing is the test part."
        )
    testing = np.array([folder == "Testing" for folder in folders])
    return np.flatnonzero(~testing), np.flatnonzero(testing)


def _stratified(rows: Rows, labels: Rows, fraction: float, seed: int) -> tuple[Rows, Rows]:
    kept, cut = train_test_split(rows, test_size=fraction, random_state=seed, stratify=labels[rows])
    return kept, cut


SPLITS: dict[str, Callable[[Rows, Sequence[str], SplitSettings], tuple[Rows, Rows]]] = {
    "report": _report,
    "official": _official,
}
