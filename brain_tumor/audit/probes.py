"""Score probes, which do not see the brain, and classifiers, which do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from brain_tumor.audit.measures.shortcuts import (
    border_features,
    file_features,
    intensity_features,
    predict_by_boosting,
    predict_by_regression,
)
from brain_tumor.audit.results.audit import ProbeKind, ProbeScore
from brain_tumor.audit.splits import AuditedSplit
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import Rows
from brain_tumor.errors import ConfigError, DataError, WeightsError
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.models.network import Network
from brain_tumor.models.registry import build_network
from brain_tumor.runs.finished import FinishedRun

Predict = Callable[[npt.NDArray[Any], Rows, Rows, Rows], Rows]
Announce = Callable[[str], None]

_WORDS = {2: "two", 3: "three", 4: "four"}


def measure_shortcuts(
    prepared: PreparedSet,
    splits: Sequence[AuditedSplit],
    frozen: Network | None,
    frozen_name: str,
    against_rest: str | None,
    announce: Announce,
) -> Iterator[ProbeScore]:
    """Score what sees no brain, and a frozen network, with intervals over groups of scans.

    Folds of a split are put together, as each scan is tested once in them. Of several seeds, the
    first is scored.

    Args:
        prepared: The prepared set.
        splits: The variants of each split one after another.
        frozen: Whose features a regression sees; None leaves it out.
        frozen_name: What it is called.
        against_rest: Class to distinguish from all others, as a second task; None for all classes
            alone.
        announce: Called with the current step.
    """
    announce("measuring shortcuts")
    classifiers: list[tuple[str, ProbeKind, Predict, npt.NDArray[Any]]] = [
        (sees, "probe", predict_by_boosting, features)
        for sees, features in _shortcut_features(prepared).items()
    ]
    if frozen is not None:
        sees = f"the whole scan: frozen {frozen_name} features, logistic regression"
        features = frozen_features(prepared, frozen, announce)
        classifiers.append((sees, "classifier", predict_by_regression, features))
    tasks = _tasks(prepared, against_rest, prepared.labels)
    for sees, kind, predict, features in classifiers:
        for name, variants in groupby(splits, key=lambda split: split.name):
            first, *others = variants
            folds = [first, *others] if first.one_of_folds else [first]
            detail = first.detail if len(folds) == 1 else f"{len(folds)} folds"
            tested = np.concatenate([fold.test for fold in folds])
            for task, targets in tasks.items():
                announce(f"split={name}, {task}: {sees}")
                predicted = np.concatenate(
                    [predict(features, targets, fold.train, fold.test) for fold in folds]
                )
                found = _scored(targets[tested], predicted, prepared.groups[tested])
                yield ProbeScore(sees, kind, name, detail, task, *found)


def _shortcut_features(prepared: PreparedSet) -> dict[str, npt.NDArray[np.float64]]:
    """Compute the features of each kept scan that probes see, by their description."""
    kept = prepared.kept
    widths, heights, lengths = (
        np.array([getattr(row, name) for row in kept], np.int64)
        for name in ("width", "height", "bytes")
    )
    files, images = file_features(widths, heights, lengths), prepared.images
    return {
        "width, height and aspect of the raw file": files[:, :3],
        "these and the size of the file in bytes": files,
        "brightness, contrast and sharpness of the cropped scan": intensity_features(images),
        "the outer 8 pixels of the cropped scan": border_features(images),
    }


def load_frozen(settings: Mapping[str, Any]) -> Network:
    """Build a network of `conf/model` with the configured weights, in evaluation mode.

    Raises:
        ConfigError: A setting is outside its range, or the network has no pretrained part.
        WeightsError: The weights cannot be had or do not fit.
    """
    options = dict(settings)
    weights = options.pop("weights")
    network = build_network(2, **options)
    try:
        network.load_pretrained(str(weights))
    except WeightsError as error:  # it advises by the key that training has
        raise WeightsError(str(error).replace("model.weights=", "frozen.weights=")) from error
    return network.eval()


def frozen_features(
    prepared: PreparedSet, network: Network, announce: Announce
) -> npt.NDArray[np.float32]:
    """Compute a network's pooled features of each kept scan, `(N, F)`, float32."""
    found = []
    with torch.inference_mode():
        for start in range(0, len(prepared.images), 64):
            announce(f"frozen features of scan {start:,} of {len(prepared.images):,}")
            scans = torch.from_numpy(np.array(prepared.images[start : start + 64]))
            features = network.forward_features(scans.unsqueeze(1))
            found.append(network.pool_features(features).numpy())
    return np.concatenate(found)


def score_runs(
    prepared: PreparedSet, runs: Sequence[FinishedRun], against_rest: str | None
) -> list[ProbeScore]:
    """Score finished runs on their own test parts, to compare them with the probes.

    Runs that differ only in their fold are put together.

    Raises:
        DataError: A run was trained on other scans.
        ConfigError: Runs of one network and split differ in more than their fold.
    """
    rows = {row.path: row.row for row in prepared.kept}
    by_split: dict[tuple[str, str], list[FinishedRun]] = {}
    for run in runs:
        if run.setting["data.fingerprint"] != prepared.fingerprint:
            raise DataError(
                f"The run {run.folder} was trained on other scans, or on these prepared otherwise: "
                "leave it out, or audit the data that it was trained on."
            )
        key = (str(run.setting["model.name"]), str(run.setting["split.name"]))
        by_split.setdefault(key, []).append(run)
    scores = []
    for (model, split), members in by_split.items():
        answers = [
            (rows[path], prepared.classes.index(label))
            for run in members
            for path, (_, label) in run.test.items()
        ]
        tested, numbers = np.array(answers, np.int64).T
        differ = any(run.setting != members[0].setting for run in members)
        if differ or len(set(tested.tolist())) != len(tested):
            raise ConfigError(
                f"The {len(members)} runs of {model} under split={split} differ in more than their "
                "fold: give one run, or the folds of one, as runs=[...]."
            )
        detail = "" if len(members) == 1 else f"{len(members)} folds"
        targets = _tasks(prepared, against_rest, prepared.labels[tested])
        for task, predicted in _tasks(prepared, against_rest, numbers).items():
            found = _scored(targets[task], predicted, prepared.groups[tested])
            scores.append(
                ProbeScore(f"{model}, trained", "classifier", split, detail, task, *found)
            )
    return scores


def _tasks(prepared: PreparedSet, against_rest: str | None, labels: Rows) -> dict[str, Rows]:
    """Give class numbers as each task has them: all classes, then one against the rest."""
    number = len(prepared.classes)
    tasks = {f"{_WORDS.get(number, number)} classes": labels}
    if against_rest is not None and number > 2:  # of two, it is the same question
        own = prepared.classes.index(against_rest)
        tasks[f"{against_rest} against the rest"] = (labels == own).astype(np.int64)
    return tasks


def _scored(labels: Rows, predicted: Rows, groups: Rows) -> tuple[int, Interval, Interval, float]:
    """Score predicted class numbers of the test scans: the last four values of a `ProbeScore`."""
    # A class may be predicted that no test scan has.
    classes = int(max(labels.max(), predicted.max())) + 1
    scores = bootstrap_scores(labels, predicted, groups, classes).overall
    accuracy, balanced_accuracy = scores["accuracy"], scores["balanced_accuracy"]
    assert accuracy is not None and balanced_accuracy is not None  # there is at least one scan
    majority = float(np.bincount(labels).max() / len(labels))
    return len(labels), accuracy, balanced_accuracy, majority
