"""How sure a score is, or a difference of scores, if other seeds and other patients had been drawn.

A cluster bootstrap over groups of test scans answers for other patients, with these very trainings.
Here seeds are resampled together with groups, as the rows and columns of one table (Owen, 2007,
doi 10.1214/07-AOAS122, "pigeonhole bootstrap"): every seed answers every scan.

Resampling as many seeds as there are gives too little spread: a factor of 2/3 of its variance with
three seeds, 1/2 with two. Each resample draws one seed fewer instead, with replacement, and that
makes it right (Rao and Wu, 1988, doi 10.1080/01621459.1988.10478591). Percentiles do not help with
so few: no resample lies outside of what three seeds gave. So the ends are the value and as many
standard errors as Student's t asks for, with the degrees of freedom that seeds and groups have
together (Satterthwaite, 1946, doi 10.2307/3002019).

How often such a 95 % interval holds the truth is measured in
`tests/experiments/test_seeds_and_groups.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from brain_tumor.metrics.arrays import Values, Weights
from brain_tumor.metrics.registry import label_scores
from brain_tumor.metrics.uncertainty.bootstrap import (
    RESAMPLING,
    Interval,
    Resampling,
    draw_weights,
    resample,
)
from brain_tumor.metrics.uncertainty.intervals import count_by_group, score_resamples
from brain_tumor.metrics.uncertainty.significance import GradedPredictions


@dataclass(frozen=True)
class Term:
    """The score of one setting in a sum of such scores.

    Attributes:
        times: What it is multiplied by, such as 1 or -1.
        seeds: The answers of each seed, at least one. Each answers the same scans.
    """

    times: float
    seeds: Sequence[GradedPredictions]


@dataclass(frozen=True)
class SureOf:
    """A sum of scores, with what other patients and other seeds would change.

    Attributes:
        over_groups: BCa interval over groups, for these very seeds.
        over_both: Interval over seeds and groups, symmetric; None where some setting has one seed.
    """

    over_groups: Interval
    over_both: Interval | None


def sure_of(
    terms: Sequence[Term],
    classes: int,
    score: str = "balanced_accuracy",
    resampling: Resampling = RESAMPLING,
) -> SureOf:
    """Give a sum of scores with both of its intervals.

    One term of +1 is the score of a setting, two of +1 and -1 are the difference of two settings,
    four a difference of differences. Groups are the same in all terms, so what makes one hard for
    all settings cancels out. Seeds of different settings are drawn apart: what two trainings with
    the same seed may have in common counts as luck, which only widens the interval.

    Args:
        terms: The settings, all about the same groups, numbered alike.
        classes: Number of classes.
        score: Of labels, by its key in the registry.
        resampling: How intervals are drawn.

    Raises:
        ValueError: The terms hold different groups, or the seeds of one different scans.
    """
    counts = [_counts(term, classes) for term in terms]
    names = np.unique(terms[0].seeds[0].groups)
    if any(not np.array_equal(names, np.unique(term.seeds[0].groups)) for term in terms):
        raise ValueError("every setting needs the same groups")
    which = [own.key for own in label_scores()].index(score)
    chosen = label_scores()[which : which + 1]

    def of_seeds(own: Values, weights: Weights) -> Values:
        """Score each seed in each resample of groups, `(B, S)`."""
        return np.column_stack([score_resamples(chosen, weights, one) for one in own])

    def together(weights: Weights) -> Values:
        means = [of_seeds(own, weights).mean(axis=1) for own in counts]
        return sum(
            (term.times * mean for term, mean in zip(terms, means, strict=True)),
            np.zeros(len(weights)),
        )[:, None]

    over_groups = resample(together, len(names), resampling)
    interval = over_groups.interval(0)
    if any(len(term.seeds) < 2 for term in terms):
        return SureOf(interval, None)
    # The groups that `resample` has drawn, again.
    (weights,) = draw_weights(
        len(names), resampling.resamples, resampling.seed, resampling.resamples
    )
    generator = np.random.default_rng([resampling.seed, 1])
    drawn = np.zeros(len(weights))
    parts, freedoms = [over_groups.drawn[:, 0].var()], [len(names) - 1.0]
    for term, own in zip(terms, counts, strict=True):
        found = of_seeds(own, weights)
        drawn += term.times * (found * _one_fewer(generator, found.shape)).sum(axis=1)
        alone = term.times * of_seeds(own, np.ones((1, len(names)), np.int64))[0]
        parts.append(alone.var(ddof=1) / len(alone))
        freedoms.append(len(alone) - 1.0)
    spread, wide = drawn.std(), 0.0
    if spread:
        squares = sum(part**2 / own for part, own in zip(parts, freedoms, strict=True))
        wide = float(student.ppf((1 + resampling.level) / 2, sum(parts) ** 2 / squares) * spread)
    return SureOf(interval, Interval(interval.value, interval.value - wide, interval.value + wide))


def _one_fewer(generator: np.random.Generator, shape: tuple[int, ...]) -> Values:
    """Draw one seed fewer than there are in each resample: shares of seeds, `(B, S)`."""
    resamples, seeds = shape
    draws = generator.multinomial(seeds - 1, np.full(seeds, 1 / seeds), resamples)
    return draws / (seeds - 1)


def _counts(term: Term, classes: int) -> Values:
    """Count the answers of each seed by group, `(S, G, classes, classes)`."""
    first = term.seeds[0]
    if any(_scans(own) != _scans(first) for own in term.seeds):
        raise ValueError("every seed of a setting has to answer the same scans")
    return np.stack(
        [count_by_group(own.labels, own.predicted, own.groups, classes) for own in term.seeds]
    )


def _scans(own: GradedPredictions) -> list[tuple[int, int]]:
    return sorted(zip(own.groups.tolist(), own.labels.tolist(), strict=True))
