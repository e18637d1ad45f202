"""The splits of an audit: each configured split with several seeds, or with all its folds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from omegaconf import DictConfig, OmegaConf

from brain_tumor.config.arguments import plain_values
from brain_tumor.config.data import build_split, split_settings
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import FILE, Rows
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


def check_splits(splits: DictConfig, report_seeds: int) -> None:
    """Check the settings of every split, in each variant.

    Raises:
        ConfigError: One is unknown, of the wrong kind or outside its range.
        DataError: A split's file is not there.
    """
    if not 1 <= report_seeds <= 1000:
        raise ConfigError(f"report_seeds must lie in 1..1000: {report_seeds!r}")
    for key, settings in splits.items():
        name = str(key)
        values = plain_values(settings, f"splits.{name}")
        split_settings(values, f"splits.{name}")
        if values["name"] == "report" and values.get("seed", 0) + report_seeds > 2**32:
            raise ConfigError(f"splits.{name}.seed leaves no {report_seeds} seeds below 2**32.")


def audited_splits(
    prepared: PreparedSet, splits: DictConfig, report_seeds: int
) -> Iterator[AuditedSplit | str]:
    """Make every variant of the configured splits, without a validation part.

    Args:
        prepared: The prepared set.
        splits: Settings of each split, by name.
        report_seeds: How many seeds of the random split to make.

    Returns:
        The splits; in place of one that cannot be made of these scans, a sentence that says so.
    """
    for key, settings in splits.items():
        name = str(key)
        for detail, changes in _variants(settings, report_seeds):
            if settings.name != FILE:
                changes["validation_fraction"] = 0.0
            try:
                split = build_split(prepared, cast(DictConfig, OmegaConf.merge(settings, changes)))
            except DataError as error:
                yield f"{name} {detail} is left out: {error}"
                continue
            # The validation part of a split file counts as training: it may select the model.
            train = np.sort(np.concatenate([split.train, split.validation]))
            folds = settings.name == "patient"
            yield AuditedSplit(name, detail, train, split.test, folds)


def _variants(settings: DictConfig, report_seeds: int) -> list[tuple[str, dict[str, Any]]]:
    if settings.name == "report":
        first = settings.get("seed", 0)
        return [(f"seed {seed}", {"seed": seed}) for seed in range(first, first + report_seeds)]
    if settings.name == "patient":
        return [(f"fold {fold}", {"fold": fold}) for fold in range(settings.folds)]
    if settings.name == FILE:
        return [("", {"leaky": True})]  # an audit shows leaks, training refuses them
    return [("", {})]
