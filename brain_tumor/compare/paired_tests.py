"""Two settings on the same test scans: whether they were, and whether one is better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from brain_tumor.compare.settings import RunGroup, joined_groups
from brain_tumor.data.groups.connected import group_scans
from brain_tumor.errors import DataError
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.metrics.arrays import Labels
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.metrics.uncertainty.significance import (
    GradedPredictions,
    McNemar,
    holm,
    mcnemar_exact,
    paired_bootstrap,
)
from brain_tumor.runs.finished import class_numbers


@dataclass(frozen=True)
class DifferentScans:
    """Two settings, by their numbers from 1, that were not tested on the same scans.

    Attributes:
        scans: How many scans each tested.
        both: How many both did.
    """

    first: int
    second: int
    scans: tuple[int, int]
    both: int


@dataclass(frozen=True)
class CorrectedMcNemar(McNemar):
    """McNemar's test, and its p corrected for the number of such tests of a comparison."""

    p_holm: float


@dataclass(frozen=True)
class PairedTest:
    """Two settings, by their numbers from 1, on the same test scans.

    Attributes:
        groups: How many groups the scans belong to.
        mcnemar: McNemar's test; None where a scan was predicted several times.
        differences: Each score of labels by its key, second less first, with its interval over
            groups of scans; None where 0/0.
    """

    first: int
    second: int
    scans: int
    groups: int
    mcnemar: CorrectedMcNemar | None
    differences: Mapping[str, Interval | None]


def check_same_scans(
    gathered: Sequence[RunGroup], different_scans: bool
) -> tuple[DifferentScans, ...]:
    """Find settings that were not tested on the same scans.

    Raises:
        DataError: There are some, and it is not; or two settings give a scan two classes.
    """
    tested = [_labels(members) for members in gathered]
    differing: list[DifferentScans] = []
    for (one, first), (two, second) in combinations(enumerate(tested, 1), 2):
        both = first.keys() & second.keys()
        odd = min((path for path in both if first[path] != second[path]), default=None)
        if odd is not None:
            raise DataError(
                f"{odd} is {first[odd]} in {gathered[one - 1][0].folder} and {second[odd]} in "
                f"{gathered[two - 1][0].folder}: compare runs on the same labels."
            )
        if first.keys() != second.keys():
            scans = (len(first), len(second))
            differing.append(DifferentScans(one, two, scans, len(both)))
    if differing and not different_scans:
        pair = differing[0]
        names = [gathered[number - 1][0].folder for number in (pair.first, pair.second)]
        raise DataError(
            f"{names[0]} and {names[1]} were not tested on the same scans ({pair.scans[0]:,} and "
            f"{pair.scans[1]:,} with all their folds and seeds, {pair.both:,} of them in both), so "
            "their scores do not tell which is better: compare runs of one split, or give "
            "different_scans=true to lay them side by side all the same."
        )
    return tuple(differing)


def paired_tests(gathered: Sequence[RunGroup], scoring: ScoringSettings) -> tuple[PairedTest, ...]:
    """Test each two settings that were tested on the same scans against each other."""
    tested = [_labels(members) for members in gathered]
    pairs: list[PairedTest] = []
    tests: dict[int, McNemar] = {}
    for (one, first), (two, second) in combinations(enumerate(gathered, 1), 2):
        labelled = tested[one - 1]
        if labelled.keys() != tested[two - 1].keys():
            continue
        paths, classes = sorted(labelled), first[0].classes
        groups = _common_groups(first, second, paths)
        answers = _answers(first, groups), _answers(second, groups)
        found = paired_bootstrap(*answers, len(classes), resampling=scoring.resampling)
        if all(len(own.labels) == len(paths) for own in answers):
            labels = class_numbers([labelled[path] for path in paths], classes)
            predicted = (_in_order(own, paths) for own in (first, second))
            tests[len(pairs)] = mcnemar_exact(labels, *predicted)
        number = len(set(groups.values()))
        pairs.append(PairedTest(one, two, len(paths), number, None, found))
    corrected = holm([test.p_value for test in tests.values()])
    for (place, test), p in zip(tests.items(), corrected, strict=True):
        mcnemar = CorrectedMcNemar(**vars(test), p_holm=p)
        pairs[place] = replace(pairs[place], mcnemar=mcnemar)
    return tuple(pairs)


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


def _in_order(members: RunGroup, paths: Sequence[str]) -> Labels:
    predicted = {path: name for run in members for path, (_, name) in run.test.items()}
    return class_numbers([predicted[path] for path in paths], members[0].classes)
