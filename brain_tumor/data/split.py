"""Which kept scan is for training, which for validation, which for testing."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated, cast

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from brain_tumor.errors import ConfigError, DataError, suggest
from brain_tumor.settings import Range, Seed, Settings

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
        """Count the scans of each class in each part, by the class numbers of all kept scans."""
        return {
            part: {name: int(np.sum(labels[rows] == i)) for i, name in enumerate(classes)}
            for part, rows in self.parts.items()
        }


@dataclass(frozen=True)
class SplitSettings(Settings, key="split"):
    """What a split is made by.

    Raises:
        ConfigError: A value is outside its range, missing, or not for this split.
    """

    name: str  # one of `SPLITS`, or `file`
    # Share of the pooled scans for testing (`report`).
    test_fraction: Annotated[float, Range(0, 1, without=(0, 1))] | None = None
    # Share of the training scans to cut off for validation, 0 for none; half is the most that can
    # be one of several folds, of a thousand folds one is no sample (not `file`, nor `official`
    # where a validation part was published).
    validation_fraction: Annotated[float, Range(0.001, 0.5, also=(0,))] = 0.0
    seed: Seed = 0  # of the shuffling
    folds: Annotated[int, Range(2)] | None = None  # their number (`patient`)
    fold: Annotated[int, Range(0)] | None = None  # which of them is the test part (`patient`)
    source: str | None = None  # which of several joined sets is the test part (`source`)
    path: str | None = None  # of a CSV file with the columns `path` and `part` (`file`)
    leaky: bool = False  # a group may stand on two sides, where leakage is to be shown

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name not in (*SPLITS, FILE):
            raise ConfigError(f"split.name is {self.name!r}: {suggest(self.name, (*SPLITS, FILE))}")
        needed = {"report": ["test_fraction"], "patient": ["folds", "fold"], FILE: ["path"]}
        needed |= {SOURCE: ["source"]}
        for key in ("test_fraction", "folds", "fold", "source", "path"):
            value, wanted = getattr(self, key), key in needed.get(self.name, [])
            if wanted and value is None:
                raise ConfigError(f"split.{key} must be given where split={self.name}.")
            if not wanted and value is not None:  # a value that is ignored would mislead
                raise ConfigError(f"split.{key} must be null where split={self.name}: {value}")
        if self.folds is not None and self.fold is not None and self.fold >= self.folds:
            raise ConfigError(f"split.fold must lie in 0..{self.folds - 1}: {self.fold}")


def split_scans(
    labels: Rows,
    folders: Sequence[str],
    groups: Rows,
    settings: SplitSettings,
    sources: Sequence[str] | None = None,
) -> Split:
    """Split the kept scans by a rule.

    Args:
        labels: Class numbers, `(N,)`, int64.
        folders: `Training`, `Validation` or `Testing` per scan, as published, or nothing.
        groups: Group number per scan, `(N,)`, int64; `patient` keeps each on one side.
        settings: Rule, fractions and seed.
        sources: Which of several joined sets each scan is of; None where there is one set.

    Returns:
        The parts. With `source` scans of other sets that are in one group with a test scan are in
        none.

    Raises:
        DataError: There is no such source, or a class has too few scans, or too few groups, to
            stand in every part.
    """
    if settings.name == "official" and "Testing" not in folders:
        raise DataError(
            "The split official takes the test part as it was published, but these scans have "
            "none: choose split=patient, or split=report."
        )
    of = np.array(sources or [""] * len(labels))
    everything = Scans(np.arange(len(labels)), labels, groups, np.array(folders), of)
    try:
        split = _split(everything, settings)
    except ValueError as error:  # scikit-learn's word on too small classes or parts
        raise DataError(
            f"The {len(labels)} scans cannot be split by {settings.name} ({error}): "
            "add scans, or choose other fractions."
        ) from error
    for part in (TRAIN, TEST):
        if part not in split.parts:
            raise DataError(
                f"The split {settings.name} leaves {len(split.train)} training and "
                f"{len(split.test)} test scans: each part needs some; choose another split."
            )
    if lacking := _lacking(split, labels, settings):
        part, missing = lacking
        raise DataError(
            f"The split {settings.name} leaves the {part} part without {missing} of the "
            f"{len(set(labels.tolist()))} classes: {_fitting(everything, settings)}."
        )
    return split


@dataclass(frozen=True)
class Scans:
    """Some scans: rows in the prepared set, class numbers, groups, published folders, sources."""

    rows: Rows
    labels: Rows
    groups: Rows
    folders: npt.NDArray[np.str_]
    sources: npt.NDArray[np.str_]


def _split(scans: Scans, settings: SplitSettings) -> Split:
    rule, cut = SPLITS[settings.name]
    train, test = rule(scans, settings)
    validation: Rows = np.empty(0, np.int64)
    published = scans.rows[scans.folders == "Validation"]
    if settings.name == "official" and len(published):
        train, validation = train[~np.isin(train, published)], published
    elif settings.validation_fraction:
        rest = Scans(*(values[train] for values in vars(scans).values()))
        train, validation = cut(rest, settings.validation_fraction, settings.seed)
    return Split(np.sort(train), np.sort(validation), np.sort(test))


def _lacking(split: Split, labels: Rows, settings: SplitSettings) -> tuple[str, int] | None:
    """Name the first part that lacks classes, and how many; None where each has what it must."""
    for part, rows in split.parts.items():
        missing = set(labels.tolist()) - set(labels[rows].tolist())
        # A published Testing or another set is what it is; what is made here has every class.
        made = not settings.leaky and (part != TEST or settings.name != SOURCE)
        if missing and (part == TRAIN or made):
            return part, len(missing)
    return None


def _fitting(scans: Scans, settings: SplitSettings) -> str:
    """Say what to type for a split of these scans that has every class in every part, if any."""
    larger = [share for share in (0.2, 0.25, 0.3, 0.4, 0.5) if share > settings.validation_fraction]
    for share in larger if settings.validation_fraction else ():
        other = replace(settings, validation_fraction=share)
        try:
            fits = _lacking(_split(scans, other), scans.labels, other) is None
        except ValueError:
            continue
        if fits:
            return f"add split.validation_fraction={share:g}, or scans of other patients"
    return "add scans of other patients, or choose other fractions or folds"


def _report(scans: Scans, settings: SplitSettings) -> tuple[Rows, Rows]:
    # "combined and stratified into a new training and testing set at the ratio of 75%-25%"
    return _stratified(scans, cast(float, settings.test_fraction), settings.seed)


def _official(scans: Scans, settings: SplitSettings) -> tuple[Rows, Rows]:
    testing = scans.folders == "Testing"
    return scans.rows[~testing], scans.rows[testing]


def _patient(scans: Scans, settings: SplitSettings) -> tuple[Rows, Rows]:
    # SplitSettings has seen to it that both are given.
    folds, fold = cast(int, settings.folds), cast(int, settings.fold)
    return _grouped(scans, folds, slice(fold, fold + 1), settings.seed)


def _source(scans: Scans, settings: SplitSettings) -> tuple[Rows, Rows]:
    test = scans.sources == settings.source
    if not test.any():
        there = ", ".join(filter(None, np.unique(scans.sources))) or "one set only"
        raise DataError(
            f"split.source is {settings.source}, and the scans are of {there}: name one of several "
            "sets, joined as data=joined data.sources=[A,B]."
        )
    related = np.isin(scans.groups, scans.groups[test])
    if related.all():
        raise DataError(
            f"The split source leaves no training scan: all are of {settings.source} or related to "
            "one of it; name another set."
        )
    return scans.rows[~related], scans.rows[test]


def _stratified(scans: Scans, fraction: float, seed: int) -> tuple[Rows, Rows]:
    kept, cut = train_test_split(
        scans.rows, test_size=fraction, random_state=seed, stratify=scans.labels
    )
    return kept, cut


def _grouped(scans: Scans, folds: int, cut: slice, seed: int) -> tuple[Rows, Rows]:
    by_group = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Of fewer scans of a class than folds: split_scans refuses a part that lacks a class.
        warnings.simplefilter("ignore", UserWarning)
        parts = list(by_group.split(scans.rows, scans.labels, scans.groups))
    held = np.isin(np.arange(len(scans.rows)), np.concatenate([part for _, part in parts[cut]]))
    return scans.rows[~held], scans.rows[held]


def _grouped_fraction(scans: Scans, fraction: float, seed: int) -> tuple[Rows, Rows]:
    # Some of at most ten folds, as more would need more groups; a smaller share is one of many.
    complete = Fraction(fraction).limit_denominator(10)
    share = complete if fraction >= 0.1 else Fraction(1, round(1 / fraction))
    return _grouped(scans, share.denominator, slice(share.numerator), seed)


SOURCE = "source"
FILE = "file"  # read, not made: data/split_file.py
Rule = Callable[[Scans, SplitSettings], tuple[Rows, Rows]]
Cut = Callable[[Scans, float, int], tuple[Rows, Rows]]
# How the test part is made, and how a validation part is cut from what is left.
SPLITS: dict[str, tuple[Rule, Cut]] = {
    "report": (_report, _stratified),
    "official": (_official, _stratified),
    "patient": (_patient, _grouped_fraction),
    SOURCE: (_source, _grouped_fraction),
}
