"""The splits of an audit: each configured split with several seeds, or with all its folds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brain_tumor.config.data import build_split, check_split_file
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import FILE, Rows, SplitSettings
from brain_tumor.errors import ConfigError, DataError


@dataclass(frozen=True)
class AuditedSplit:
    """One variant of a split of the kept scans: a seed, a fold, or the only one.

    Attributes:
        name: What the split is called in the configuration, such as `report` or `patient`.
        detail: The seed or fold, such as `seed 0`; empty where there is only one variant.
        train: Rows of the training part, `(N,)`, int64.
        test: Rows of the test part, `(N,)`, int64.
        one_of_folds: Whether it is a fold: the folds of a split test each scan once.
    """

    name: str
    detail: str
    train: Rows
    test: Rows
    one_of_folds: bool


def check_splits(splits: Mapping[str, SplitSettings], report_seeds: int) -> None:
    """Check every variant of the splits.

    Raises:
        ConfigError: A random split has too few seeds left.
        DataError: A split's file is not there.
    """
    for name, settings in splits.items():
        check_split_file(settings, f"splits.{name}")
        if settings.name == "report" and settings.seed + report_seeds > 2**32:
            raise ConfigError(f"splits.{name}.seed leaves no {report_seeds} seeds below 2**32.")


def audited_splits(
    prepared: PreparedSet,
    splits: Mapping[str, SplitSettings],
    report_seeds: int,
    notify: Callable[[str], None],
) -> Iterator[AuditedSplit]:
    """Make every variant of the configured splits, without a validation part.

    `notify` is told in a sentence of one that cannot be made of these scans.
    """
    for name, settings in splits.items():
        for detail, changes in _variants(settings, report_seeds):
            if settings.name != FILE:
                changes["validation_fraction"] = 0.0
            try:
                split = build_split(prepared, replace(settings, **changes))
            except DataError as error:
                notify(f"{f'{name} {detail}'.strip()} is left out: {error}")
                continue
            # The validation part of a split file counts as training: it may select the model.
            train = np.sort(np.concatenate([split.train, split.validation]))
            folds = settings.name == "patient"
            yield AuditedSplit(name, detail, train, split.test, folds)


def _variants(settings: SplitSettings, report_seeds: int) -> list[tuple[str, dict[str, Any]]]:
    if settings.name == "report":
        seeds = range(settings.seed, settings.seed + report_seeds)
        return [(f"seed {seed}", {"seed": seed}) for seed in seeds]
    if settings.name == "patient":
        return [(f"fold {fold}", {"fold": fold}) for fold in range(settings.folds or 0)]
    if settings.name == FILE:
        return [("", {"leaky": True})]  # an audit shows leaks, training refuses them
    return [("", {})]
