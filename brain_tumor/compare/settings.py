"""Finished runs gathered by setting: all that differ in nothing but fold and seed."""

import json
from collections.abc import Sequence
from typing import Any

from brain_tumor.errors import DataError
from brain_tumor.runs.finished import FinishedRun

RunGroup = tuple[FinishedRun, ...]  # the runs of one setting


def gather(runs: Sequence[FinishedRun]) -> list[RunGroup]:
    """Gather runs by setting, in the order of first appearance, each by seed and fold.

    Raises:
        DataError: Runs know different classes, are the same fold and seed of one setting, or are
            folds that share test scans.
    """
    for run in runs:
        if run.classes != runs[0].classes:
            raise DataError(
                f"{runs[0].folder} has the classes {', '.join(runs[0].classes)}, {run.folder} has "
                f"{', '.join(run.classes)}: compare runs of the same classes."
            )
    gathered: dict[str, list[FinishedRun]] = {}
    for run in runs:
        gathered.setdefault(json.dumps(run.setting, sort_keys=True), []).append(run)
    found = [tuple(sorted(members, key=_place)) for members in gathered.values()]
    for members in found:
        _check_folds(members)
    return found


def joined_groups(members: Sequence[FinishedRun]) -> dict[str, str] | None:
    """Join the groups of all runs, by path; None where a run does not know them.

    Raises:
        DataError: Two runs disagree.
    """
    joined: dict[str, str] = {}
    for run in members:
        if run.groups is None:
            return None
        for path, group in run.groups.items():
            if joined.setdefault(path, group) != group:
                raise DataError(
                    f"{members[0].folder} and {run.folder} put {path} into different groups: "
                    "train both with the same version of the program."
                )
    return joined


def _place(run: FinishedRun) -> tuple[tuple[int, int], int]:
    return run.seeds, -1 if run.fold is None else run.fold


def _check_folds(members: RunGroup) -> None:
    places: dict[Any, FinishedRun] = {}
    testers: dict[Any, FinishedRun] = {}
    for run in members:
        twin = places.setdefault(_place(run), run)
        if twin is not run:
            fold = "" if run.fold is None else f"fold {run.fold} and "
            raise DataError(
                f"{twin.folder} and {run.folder} are both {fold}seed {run.seed} of one setting: "
                "leave one of them out."
            )
        for path in run.test:
            other = testers.setdefault((run.seeds, path), run)
            if other is not run:
                raise DataError(
                    f"{other.folder} and {run.folder} both tested {path}, so they are not folds "
                    "of one split: leave one of them out."
                )
