"""Several trained networks, such as seeds or folds of one setting, that answer together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import log_softmax

from brain_tumor.errors import DataError
from brain_tumor.metrics.arrays import Labels, Values
from brain_tumor.metrics.curves import risk_coverage
from brain_tumor.runs.finished import class_numbers, find_folders
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.runs.results.run import RUN
from brain_tumor.trained.abstention import Steps, read_validation
from brain_tumor.trained.network import Trained, open_trained
from brain_tumor.trained.operating_point import Chosen, choose


@dataclass(frozen=True)
class Ensemble:
    """Networks whose calibrated log-probabilities are averaged.

    What a single network's validation scans decide is decided by the scans that were in the
    validation part of every member: seeds of one split share theirs, folds have none in common.

    Attributes:
        members: Two at least; of the same classes, and for scans that are cut alike.
        chosen: Fitted on such validation scans; without any there is no temperature, and a tumour
            is called from one half on.
        validation: Number of such scans.
        steps: As `error_steps` gives them; None without any.
    """

    members: tuple[Trained, ...]
    chosen: Chosen
    validation: int
    steps: Steps | None


def average(log_probabilities: Sequence[Values]) -> Values:
    """Average what several networks say: `log p = mean_m log p_m - log sum_k exp(mean_m log p_mk)`.

    That is the geometric mean of their probabilities, brought to a sum of one: a class needs the
    support of all members. It is the distribution of least summed KL divergence to theirs. Logits
    `(N, classes)` will do in place of log-probabilities: what is the same for all classes falls
    out.

    Example:
        >>> np.exp(average([np.log([[0.9, 0.1]]), np.log([[0.5, 0.5]])])).round(3).tolist()
        [[0.75, 0.25]]
    """
    found: Values = log_softmax(np.mean(log_probabilities, axis=0), axis=1)
    return found


def open_ensemble(names: Sequence[str], checkpoint: str | None = None) -> Ensemble:
    """Load the networks of several runs: folders, folders that hold some (a sweep), or globs.

    Raises:
        DataError: One is no run, or was never scored; there are fewer than two; or they differ in
            classes, in the class without a tumour, or in how scans are cut.
        WeightsError: A checkpoint cannot be loaded.
    """
    members = tuple(open_trained(path, checkpoint) for path in run_folders(names))
    first = members[0]
    for member in members[1:]:
        for what, ours, theirs in (
            ("the classes", first.classes, member.classes),
            ("the healthy class", first.healthy, member.healthy),
            ("cut scans as", first.crop, member.crop),
            ("harmonised scans as", first.harmonise, member.harmonise),
        ):
            if ours != theirs:
                raise DataError(
                    f"{first.run.path} and {member.run.path} cannot answer together, {what} "
                    f"differ: {ours}, {theirs}; give runs on scans prepared alike."
                )
    validation = _shared_validation(members)
    healthy = None if first.healthy is None else first.classes.index(first.healthy)
    # None where nothing was chosen.
    sensitivity = METRICS.read(first.scored).operating_point.least_sensitivity or 1.0
    chosen = choose(validation, healthy, sensitivity)
    if validation is None:
        return Ensemble(members, chosen, 0, None)
    labels, found = validation
    steps = risk_coverage(labels, found / (chosen.temperature or 1.0)).steps()
    return Ensemble(members, chosen, len(labels), steps)


def run_folders(names: Sequence[str]) -> list[Path]:
    """Find the runs of an ensemble.

    Raises:
        DataError: One of the names leads to none, or there are fewer than two in all.
    """
    folders = find_folders(names, "run.json", "run")
    if len(folders) < 2:
        raise DataError(
            f"An ensemble needs two different runs, and {folders[0]} is the only one here: give "
            f"run={folders[0]} for it alone, or another beside it."
        )
    return folders


def _shared_validation(
    members: Sequence[Trained],
) -> tuple[Labels, Values] | None:
    """Give labels and averaged log-probabilities of what every member was validated on."""
    if len({RUN.read(member.run).data.fingerprint for member in members}) > 1:
        return None  # a path may name another scan there
    found = []
    for member in members:
        own = read_validation(member.scored, member.classes)
        if own is None:
            return None
        said = log_softmax(own.logits / (member.chosen.temperature or 1.0), axis=1)
        rows = zip(own.paths, class_numbers(own.labels, member.classes), said, strict=True)
        found.append({path: (label, row) for path, label, row in rows})
    shared = sorted(set.intersection(*(set(own) for own in found)))
    if not shared:
        return None
    labels = np.array([found[0][path][0] for path in shared], np.int64)
    return labels, average([np.array([own[path][1] for path in shared]) for own in found])
