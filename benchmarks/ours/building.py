"""From a job back to what a training works on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from brain_tumor.config.arguments import parse_settings
from brain_tumor.config.data import build_split, split_settings
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.prepared.prepared_set import open_prepared
from brain_tumor.data.split import Rows, Split
from brain_tumor.models.classifier import TrainingSettings, TumorClassifier
from brain_tumor.train.build import build_classifier, build_datamodule


def datamodule_of(job: dict[str, Any]) -> tuple[DictConfig, ScanDataModule]:
    """Build configuration and data module.

    Args:
        job: `config` as `conf/train.yaml` composes it, resolved; `prepared`, the folder of a
            prepared set; and `train_scans` and `test_scans`, to how many these parts are brought
            (None: left as they are).
    """
    config = OmegaConf.create(job["config"])
    prepared = open_prepared(Path(job["prepared"]))
    split = build_split(prepared, split_settings(config.split))
    split = resize_split(split, job["train_scans"], job["test_scans"])
    return config, build_datamodule(config, prepared, split)


def classifier_of(config: DictConfig, datamodule: ScanDataModule) -> TumorClassifier:
    """Build the configured network as training does."""
    training = parse_settings(TrainingSettings, config.training, "training")
    return build_classifier(config, datamodule, training)


def resize_split(split: Split, train_scans: int | None, test_scans: int | None) -> Split:
    """Bring training and test part to so many scans: spread evenly over them, or repeated."""
    return replace(
        split,
        train=spread_evenly(split.train, train_scans),
        test=spread_evenly(split.test, test_scans),
    )


def spread_evenly(rows: Rows, number: int | None) -> Rows:
    """Take so many of some rows, or each of them several times.

    Not the first ones: rows are in raw order, and the first are of one class.

    >>> import numpy as np
    >>> spread_evenly(np.array([3, 5, 7, 9]), 2), spread_evenly(np.array([3, 5]), 3)
    (array([3, 7]), array([3, 3, 5]))
    """
    if number is None:
        return rows
    return rows[[place * len(rows) // number for place in range(number)]]
