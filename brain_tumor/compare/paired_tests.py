"""Two settings on the same test scans: whether they were, and whether one is better."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from brain_tumor.compare.settings import RunGroup, joined_groups
from brain_tumor.data.groups.connected import group_scans
from brain_tumor.errors import DataError
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.metrics.uncertainty.significance import (
    GradedPredictions,
    holm,
    mcnemar_exact,
    paired_bootstrap,
)

Record = dict[str, Any]


def check_same_scans(gathered: Sequence[RunGroup], different_scans: bool) -> list[Record]:
    """Find settings that were not tested on the same scans.

    Args:
        gathered: The runs of each setting.
        different_scans: Whether that is allowed.

    Returns:
        For each pair of settings that differ, their numbers from 1, how many scans each tested, and
        how many both did.

    Raises:
        DataError: There are some, and it is not; or two settings give a scan two classes.
    """
    tested = [_labels(members) for members in gathered]
    differing: list[Record] = []
    for (one, first), (two, second) in combinations(enumerate(tested, 1), 2):
        both = first.keys() & second.keys()
        odd = min((path for path in both if first[path] != second[path]), default=None)
        if odd is not None:
            raise DataError(
                f"{odd} is {first[odd]} in {gathered[one - 1][0].folder} and {second[odd]} in "
                f"{gathered[two - 1][0].folder}: compare runs on the same labels."
            )
        if first.keys() != second.keys():
            scans = [len(first), len(second)]
            differing.append({"first": one, "second": two, "scans": scans, "both": len(both)})
    if differing and not different_scans:
        pair = differing[0]
        names = [gathered[pair[key] - 1][0].folder for key in ("first", "second")]
        raise DataError(
            f"{names[0]} and {names[1]} were not tested on the same scans "
            f"({pair['scans'][0]:,} and {pair['scans'][1]:,} with all their folds and seeds, "
            f"{pair['both']:,} of them in both), so their scores do not tell which is better: "
            "compare runs of one split, or give different_scans=true to lay them side by side all "
            "the same."
        )
    return differing


def paired_records(gathered: Sequence[RunGroup], scoring: ScoringSettings) -> list[Record]:
    """Test each two settings that were tested on the same scans against each other.

    Args:
        gathered: The runs of each setting.
        scoring: Resamples, seed and level of the paired bootstrap.

    Returns:
        For each pair, their numbers from 1; `mcnemar`, None where a scan was predicted several
        times, with `p_holm` corrected for the number of McNemar tests made here; and
        `differences`, second minus first, with intervals over groups of scans.
    """
    tested = [_labels(members) for members in gathered]
    records: list[Record] = []
    for (one, first), (two, second) in combinations(enumerate(gathered, 1), 2):
        if tested[one - 1].keys() != tested[two - 1].keys():
            continue
        paths = sorted(tested[one - 1])
        groups = _common_groups(first, second, paths)
        answers = _answers(first, groups), _answers(second, groups)
        once = all(len(found.labels) == len(paths) for found in answers)
        found = paired_bootstrap(
            answers[0],
            answers[1],
            len(first[0].classes),
            resamples=scoring.resamples,
            seed=scoring.seed,
            level=scoring.level,
        )
        ordered = [_in_order(members, paths) for members in (first, second)] if once else []
        labels = np.array([first[0].classes.index(tested[one - 1][path]) for path in paths])
        records.append(
            {
                "first": one,
                "second": two,
                "scans": len(paths),
                "groups": len(set(groups.values())),
                "mcnemar": asdict(mcnemar_exact(labels, *ordered)) if once else None,
                "differences": {
                    key: None if one is None else asdict(one) for key, one in found.items()
                },
            }
        )
    tests = [record["mcnemar"] for record in records if record["mcnemar"] is not None]
    for test, p in zip(tests, holm([test["p_value"] for test in tests]), strict=True):
        test["p_holm"] = p
    return records


def _labels(members: RunGroup) -> dict[str, str]:
    return {path: label for run in members for path, (label, _) in run.test.items()}


def _common_groups(first: RunGroup, second: RunGroup, paths: Sequence[str]) -> dict[str, int]:
    """Join what either setting knows of scans that belong together."""
    known = [joined_groups(members) for members in (first, second)]
    numbers = group_scans(
        paths, *([groups[path] for path in paths] for groups in known if groups is not None)
    )
    return dict(zip(paths, numbers.tolist(), strict=True))


def _answers(members: RunGroup, groups: dict[str, int]) -> GradedPredictions:
    classes = members[0].classes
    rows = [
        (classes.index(label), classes.index(predicted), groups[path])
        for run in members
        for path, (label, predicted) in run.test.items()
    ]
    return GradedPredictions(*np.array(rows, np.int64).T)


def _in_order(members: RunGroup, paths: Sequence[str]) -> Any:
    predicted = {path: name for run in members for path, (_, name) in run.test.items()}
    classes = members[0].classes
    return np.array([classes.index(predicted[path]) for path in paths], np.int64)
