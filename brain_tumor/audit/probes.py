"""How much of a score can be had without looking at the brain, and what classifiers have."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from omegaconf import DictConfig

from brain_tumor.audit.measures.linear_probe import predict_by_regression
from brain_tumor.audit.measures.shortcuts import (
    border_features,
    file_features,
    geometry_features,
    intensity_features,
    predict_by_boosting,
)
from brain_tumor.audit.splits import AuditedSplit
from brain_tumor.config.arguments import plain_values
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import Rows
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.models.network import Network
from brain_tumor.models.registry import build_network
from brain_tumor.runs.finished import FinishedRun

Record = dict[str, Any]
Predict = Callable[[npt.NDArray[Any], Rows, Rows, Rows], Rows]
Announce = Callable[[str], None]

_WORDS = {2: "two", 3: "three", 4: "four"}


def shortcut_features(prepared: PreparedSet) -> dict[str, npt.NDArray[np.float64]]:
    """Compute what the probes see of each kept scan, by what that is."""
    kept = prepared.kept
    widths, heights, lengths = (
        np.array([getattr(row, name) for row in kept], np.int64)
        for name in ("width", "height", "bytes")
    )
    return {
        "width, height and aspect of the raw file": geometry_features(widths, heights),
        "these and the size of the file in bytes": file_features(widths, heights, lengths),
        "brightness, contrast and sharpness of the cropped scan": intensity_features(
            prepared.images
        ),
        "the outer 8 pixels of the cropped scan": border_features(prepared.images),
    }


def load_frozen(settings: DictConfig) -> Network:
    """Build a network with the configured weights, in evaluation mode.

    Args:
        settings: A choice of `conf/model` that has a pretrained part, with the weights.

    Raises:
        ConfigError: A setting is outside its range, or the network has no pretrained part.
        WeightsError: The weights cannot be had or do not fit.
    """
    options = plain_values(settings, "frozen")
    weights = options.pop("weights")
    network = build_network(2, **options)
    network.load_pretrained(str(weights))
    return network.eval()


def frozen_features(
    prepared: PreparedSet, network: Network, announce: Announce
) -> npt.NDArray[np.float32]:
    """Compute a network's pooled features of each kept scan, `(N, F)`, float32.

    Args:
        prepared: The prepared set.
        network: In evaluation mode.
        announce: Called with how far it is.
    """
    found = []
    with torch.inference_mode():
        for start in range(0, len(prepared.images), 64):
            announce(f"frozen features of scan {start:,} of {len(prepared.images):,}")
            scans = torch.from_numpy(np.array(prepared.images[start : start + 64]))
            features = network.forward_features(scans.unsqueeze(1))
            found.append(network.pool_features(features).numpy())
    return np.concatenate(found)


def probe(
    prepared: PreparedSet,
    splits: Sequence[AuditedSplit],
    features: Mapping[str, npt.NDArray[Any]],
    kind: str,
    against_rest: str | None,
    announce: Announce,
) -> Iterator[Record]:
    """Score one way to classify on each split, with intervals over groups of scans.

    Variants of a split that part the scans into folds are put together, as each scan is tested
    once in them; of those that are seeds, the first is scored.

    Args:
        prepared: The prepared set.
        splits: The splits.
        features: What each probe sees, `(N, F)`, by what that is.
        kind: `probe` for boosted trees on shortcuts, `classifier` for a regression on features.
        against_rest: Class to be told from all others; None for the four classes alone.
        announce: Called with what is being done.
    """
    predict: Predict = predict_by_boosting if kind == "probe" else predict_by_regression
    tasks = _tasks(prepared, against_rest)
    for sees, values in features.items():
        for name, folds in _scored_once(splits).items():
            for task, targets in tasks.items():
                announce(f"split={name}, {task}: {sees}")
                tested = np.concatenate([fold.test for fold in folds])
                predicted = np.concatenate(
                    [predict(values, targets, fold.train, fold.test) for fold in folds]
                )
                yield {
                    "sees": sees,
                    "kind": kind,
                    "split": name,
                    "detail": folds[0].detail if len(folds) == 1 else f"{len(folds)} folds",
                    "task": task,
                    **_scores(targets[tested], predicted, prepared.groups[tested]),
                }


def score_trained(
    prepared: PreparedSet, trained: Sequence[FinishedRun], against_rest: str | None
) -> list[Record]:
    """Give the scores of finished runs on their own test parts, to lay beside the probes.

    Runs that differ in their fold alone are put together.

    Args:
        prepared: The prepared set.
        trained: The runs.
        against_rest: As for `probe`.

    Raises:
        DataError: A run was trained on other scans.
        ConfigError: Runs of one network and split differ in more than their fold.
    """
    rows = {row.path: row.row for row in prepared.kept}
    runs: dict[tuple[str, str], list[FinishedRun]] = {}
    for run in trained:
        if run.setting["data.fingerprint"] != prepared.fingerprint:
            raise DataError(
                f"The run {run.folder} was trained on other scans, or on these prepared otherwise: "
                "leave it out, or audit the data that it was trained on."
            )
        key = (str(run.setting["model.name"]), str(run.setting["split.name"]))
        runs.setdefault(key, []).append(run)
    records = []
    for (model, split), members in runs.items():
        found = [
            (rows[path], prepared.classes.index(label))
            for run in members
            for path, (_, label) in run.test.items()
        ]
        tested, predicted = np.array(found, np.int64).T
        differ = any(run.setting != members[0].setting for run in members)
        if differ or len(set(tested.tolist())) != len(tested):
            raise ConfigError(
                f"The {len(members)} runs of {model} under split={split} differ in more than their "
                "fold: give one run, or the folds of one, as runs=[...]."
            )
        for number, (task, targets) in enumerate(_tasks(prepared, against_rest).items()):
            told = predicted
            if number:  # after all classes, one against the rest
                told = (predicted == prepared.classes.index(str(against_rest))).astype(np.int64)
            records.append(
                {
                    "sees": f"{model}, trained",
                    "kind": "classifier",
                    "split": split,
                    "detail": "" if len(members) == 1 else f"{len(members)} folds",
                    "task": task,
                    **_scores(targets[tested], told, prepared.groups[tested]),
                }
            )
    return records


def _tasks(prepared: PreparedSet, against_rest: str | None) -> dict[str, Rows]:
    number = len(prepared.classes)
    tasks = {f"{_WORDS.get(number, number)} classes": prepared.labels}
    if against_rest is not None:
        own = prepared.classes.index(against_rest)
        tasks[f"{against_rest} against the rest"] = (prepared.labels == own).astype(np.int64)
    return tasks


def _scored_once(splits: Sequence[AuditedSplit]) -> dict[str, list[AuditedSplit]]:
    variants: dict[str, list[AuditedSplit]] = {}
    for split in splits:
        variants.setdefault(split.name, []).append(split)
    return {
        name: members if members[0].one_of_folds else members[:1]
        for name, members in variants.items()
    }


def _scores(targets: Rows, predicted: Rows, groups: Rows) -> Record:
    # A test part may lack a class that is predicted all the same.
    classes = int(max(targets.max(), predicted.max())) + 1
    scores = bootstrap_scores(targets, predicted, groups, classes).to_dict()
    return {
        "test": len(targets),
        "accuracy": scores["accuracy"],
        "balanced_accuracy": scores["balanced_accuracy"],
        "majority": float(np.bincount(targets).max() / len(targets)),
    }
