"""The splits that an audit looks at: each as it is meant, in several seeds or in all its folds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from omegaconf import DictConfig, OmegaConf

from brain_tumor.data.prepared import PreparedSet
from brain_tumor.data.split import Rows
from brain_tumor.runtime.build import build_split


@dataclass(frozen=True)
class AuditedSplit:
    """One way to part the kept scans.

    Attributes:
        name: `report`, `official`, `patient` or `file`.
        detail: Which seed, fold or file; empty where there is but one.
        train: Rows of all scans that are not tested, validation too, `(N,)`, int64.
        test: Rows of the test part, likewise.
    """

    name: str
    detail: str
    train: Rows
    test: Rows


def audited_splits(
    prepared: PreparedSet, splits: DictConfig, report_seeds: int
) -> Iterator[AuditedSplit]:
    """Make every variant of the configured splits.

    Args:
        prepared: The prepared set.
        splits: Settings of each split, by any name.
        report_seeds: How many seeds of a random split to look at.
    """
    for settings in splits.values():
        name = str(settings.name)
        variants: list[tuple[str, dict[str, int]]] = [("", {})]
        if name == "report":
            variants = [(f"seed {seed}", {"seed": seed}) for seed in range(report_seeds)]
        elif name == "patient":
            variants = [(f"fold {fold}", {"fold": fold}) for fold in range(settings.folds)]
        elif name == "file":
            variants = [(str(settings.path), {"leaky": True})]  # to be shown, not refused
        for detail, changes in variants:
            split = build_split(prepared, cast(DictConfig, OmegaConf.merge(settings, changes)))
            train = [rows for part, rows in split.parts.items() if part != "test"]
            yield AuditedSplit(name, detail, np.sort(np.concatenate(train)), split.test)
