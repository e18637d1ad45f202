"""Scores of several trainings of one setting: folds pooled, seeds averaged.

Folds have disjoint test parts, so their predictions put together are one set of predictions, and
one confusion matrix, over all scans. Scores that are ratios of counts (F1 above all) are taken
from that matrix, which is less biased than their mean over folds (Forman and Scholz 2010,
doi 10.1145/1882471.1882479). The mean and spread over folds stand beside them.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.metrics.arrays import Labels
from brain_tumor.metrics.scores import Scores, score
from brain_tumor.metrics.uncertainty.bootstrap import RESAMPLING, Resampling
from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals, bootstrap_scores
from brain_tumor.metrics.uncertainty.least_recall import LeastRecall, least_recall
from brain_tumor.metrics.uncertainty.significance import GradedPredictions


@dataclass(frozen=True)
class Spread:
    """One score over several folds or seeds, at least two, with its sample deviation (n - 1)."""

    values: tuple[float, ...]
    mean: float
    deviation: float
    low: float
    high: float


# Of each score of labels in the registry, by key; None where one of the values is 0/0.
ScoreSpreads = dict[str, Spread | None]


@dataclass(frozen=True)
class PooledScores:
    """Scores of all runs of one setting.

    Attributes:
        scans: How many different scans were tested; with several seeds fewer than predictions.
        groups: How many different groups they belong to.
        scores: Scores of all predictions put together.
        intervals: Their intervals, from resampled groups; all predictions for the scans of a
            group stay together, so several seeds do not count as several scans.
        least_recall: Which class is found least; None where fewer than two have scans.
        over_folds: Spread over the folds, each its mean over the repeats; None for one fold.
        over_seeds: Spread over the repeats, the folds of each pooled; None for one repeat.
    """

    scans: int
    groups: int
    scores: Scores
    intervals: ScoreIntervals
    least_recall: LeastRecall | None
    over_folds: ScoreSpreads | None
    over_seeds: ScoreSpreads | None


def pool_runs(
    runs: Mapping[tuple[int, int], GradedPredictions],
    scans: int,
    classes: Sequence[str],
    resampling: Resampling = RESAMPLING,
) -> PooledScores:
    """Put the test predictions of one setting's runs together and score them.

    Args:
        runs: By repeat and fold, at least one. A repeat is a pass through the data: its folds have
            disjoint test parts, runs that differ in their seeds are different repeats. The fold is
            0 where there is only one. A group has the same number in every run.
        scans: How many different scans they tested.
        classes: Class names in the order of the numbers.
        resampling: How intervals are drawn.
    """
    by_repeat: dict[int, list[GradedPredictions]] = {}
    by_fold: dict[int, list[GradedPredictions]] = {}
    for (repeat, fold), run in sorted(runs.items()):
        by_repeat.setdefault(repeat, []).append(run)
        by_fold.setdefault(fold, []).append(run)
    labels, predicted = _joined([*runs.values()])
    groups = np.concatenate([run.groups for run in runs.values()])
    passes = np.repeat([repeat for repeat, _ in runs], [len(run.labels) for run in runs.values()])
    return PooledScores(
        scans=scans,
        groups=len(np.unique(groups)),
        scores=score(labels, predicted, classes),
        intervals=bootstrap_scores(labels, predicted, groups, len(classes), resampling),
        least_recall=least_recall(labels, predicted, groups, passes, classes, resampling),
        over_folds=_spreads(
            [[_score([run], classes) for run in by_fold[fold]] for fold in sorted(by_fold)]
        ),
        over_seeds=_spreads([[_score(own, classes)] for own in by_repeat.values()]),
    )


def spread(values: Sequence[float]) -> Spread:
    """Describe how far at least two scores lie apart.

    Example:
        >>> found = spread([0.8, 0.9])
        >>> round(found.mean, 2), round(found.deviation, 4)
        (0.85, 0.0707)
    """
    return Spread(
        tuple(values), statistics.fmean(values), statistics.stdev(values), min(values), max(values)
    )


def _spreads(rows: Sequence[Sequence[Scores]]) -> ScoreSpreads | None:
    """Spread over the rows, each the mean of its scores."""
    if len(rows) < 2:
        return None

    def over(key: str) -> Spread | None:
        found = [[scores.overall[key] for scores in row] for row in rows]
        known = [[value for value in row if value is not None] for row in found]
        return spread([statistics.fmean(row) for row in known]) if known == found else None

    return {key: over(key) for key in rows[0][0].overall}


def _joined(runs: Sequence[GradedPredictions]) -> tuple[Labels, Labels]:
    labels = np.concatenate([run.labels for run in runs])
    return labels, np.concatenate([run.predicted for run in runs])


def _score(runs: Sequence[GradedPredictions], classes: Sequence[str]) -> Scores:
    return score(*_joined(runs), classes)
