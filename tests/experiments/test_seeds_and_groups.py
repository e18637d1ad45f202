"""Intervals over seeds and groups: held against closed forms, and against truths that are known.

`pytest -m slow -s tests/experiments/test_seeds_and_groups.py` prints how often they hold the truth.
"""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import t as student

from brain_tumor.metrics.uncertainty.bootstrap import Resampling, resample
from brain_tumor.metrics.uncertainty.significance import GradedPredictions, paired_bootstrap
from experiments.seeds_and_groups import SureOf, Term, sure_of

GROUPS, SCANS = 80, 3  # scans of each group


def drawn(
    generator: np.random.Generator, seeds: int, of_seeds: float, mean: float = 1.0
) -> list[GradedPredictions]:
    """Draw seeds of some skill and groups of some ease; a scan is right where both suffice."""
    groups = np.arange(GROUPS).repeat(SCANS)
    skill = of_seeds * generator.normal(size=(seeds, 1))
    ease = generator.normal(size=GROUPS)[groups]
    right = mean + skill + ease + generator.normal(size=(seeds, len(groups))) > 0
    labels = np.arange(len(groups)) % 2
    return [GradedPredictions(labels, np.where(own, labels, 1 - labels), groups) for own in right]


def accuracy_of(terms: list[Term], resamples: int = 400, seed: int = 0) -> SureOf:
    return sure_of(terms, 2, "accuracy", Resampling(resamples, seed=seed))


def by_group(seeds: list[GradedPredictions]) -> np.ndarray:
    """Give the share of right answers of each seed in each group, `(S, G)`."""
    return np.stack([(own.labels == own.predicted).reshape(GROUPS, SCANS).mean(1) for own in seeds])


@pytest.mark.parametrize("seeds", [2, 3, 6])
def test_the_spread_is_that_of_the_closed_form(seeds: int) -> None:
    """Groups of one size and a plain mean: what the resamples come to is known (Owen, 2007)."""
    own = drawn(np.random.default_rng(seeds), seeds, of_seeds=0.3)
    found = accuracy_of([Term(1.0, own)], resamples=40_000).over_both
    table = by_group(own)
    of_seeds, of_groups = table.mean(1).var(), table.mean(0).var()
    rest = table.var() - of_seeds - of_groups
    fewer = seeds - 1
    square = of_seeds / fewer + of_groups / GROUPS + rest / (fewer * GROUPS)
    parts = {fewer: of_seeds / fewer, GROUPS - 1: of_groups / GROUPS}
    freedom = sum(parts.values()) ** 2 / sum(part**2 / own for own, part in parts.items())
    assert found is not None
    assert found.value == pytest.approx(table.mean())
    wide = student.ppf(0.975, freedom) * np.sqrt(square)
    assert found.high - found.value == pytest.approx(wide, rel=0.02)
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_where_seeds_alone_differ_the_spread_is_that_of_their_mean() -> None:
    """Drawing as many seeds as there are would give half of its square for two."""
    groups = np.repeat([0, 1], 100)
    labels, number = np.zeros(200, np.int64), np.arange(200) % 100
    own = [GradedPredictions(labels, (number < wrong).astype(np.int64), groups) for wrong in (5, 9)]
    found = accuracy_of([Term(1.0, own)], resamples=20_000).over_both
    assert found is not None
    error = np.std([0.95, 0.91], ddof=1) / np.sqrt(2)
    assert found.high - found.value == pytest.approx(student.ppf(0.975, 1) * error, rel=0.02)


def test_over_groups_alone_a_difference_is_that_of_the_paired_bootstrap() -> None:
    generator = np.random.default_rng(0)
    first, second = drawn(generator, 3, 0.2), drawn(generator, 2, 0.2, mean=0.5)
    found = accuracy_of([Term(1.0, second), Term(-1.0, first)])
    joined = [
        GradedPredictions(
            *(
                np.concatenate([getattr(one, k) for one in own])
                for k in ("labels", "predicted", "groups")
            )
        )
        for own in (first, second)
    ]
    expected = paired_bootstrap(*joined, 2, Resampling(400))["accuracy"]
    assert expected is not None
    for end in ("value", "low", "high"):
        assert getattr(found.over_groups, end) == pytest.approx(getattr(expected, end))


def test_a_difference_of_differences_is_what_its_four_scores_give() -> None:
    generator = np.random.default_rng(1)
    four = [drawn(generator, 1, 0.0, mean) for mean in (1.0, 0.8, 0.6, 0.9)]
    signs = (1.0, -1.0, -1.0, 1.0)
    found = accuracy_of([Term(*own) for own in zip(signs, four, strict=True)])
    assert found.over_both is None  # one seed says nothing about others
    tables = np.stack([by_group(own)[0] for own in four])
    expected = resample(
        lambda w: w @ (np.array(signs) @ tables)[:, None] / GROUPS, GROUPS, Resampling(400)
    )
    for end in ("value", "low", "high"):
        assert getattr(found.over_groups, end) == pytest.approx(getattr(expected.interval(0), end))


def test_the_same_setting_twice_does_not_interact_but_its_seeds_may_differ() -> None:
    own = drawn(np.random.default_rng(2), 3, 0.3)
    found = accuracy_of([Term(1.0, own), Term(-1.0, own)])
    assert (found.over_groups.low, found.over_groups.high) == (0, 0)
    assert found.over_both is not None and found.over_both.high > 0.01
    right = [GradedPredictions(a.labels, a.labels, a.groups) for a in own]
    sure = accuracy_of([Term(1.0, right)]).over_both
    assert sure is not None and (sure.low, sure.value, sure.high) == (1, 1, 1)


def test_what_cannot_be_paired_is_refused() -> None:
    own = drawn(np.random.default_rng(3), 2, 0.3)
    other = GradedPredictions(own[0].labels, own[0].predicted, own[0].groups + 1)
    with pytest.raises(ValueError, match="the same groups"):
        accuracy_of([Term(1.0, own), Term(-1.0, [other])])
    with pytest.raises(ValueError, match="the same scans"):
        accuracy_of([Term(1.0, [own[0], other])])


@pytest.mark.slow
def test_both_together_hold_the_truth_and_groups_alone_do_not() -> None:
    """Two settings whose seeds differ little, as groups do, and more: 95 % intervals of each."""
    repeats, generator = 500, np.random.default_rng(0)
    print("\nseeds  their deviation  groups alone  seeds and groups")
    for seeds in (2, 3, 5):
        for of_seeds in (0.0, 0.1, 0.3):
            # Of new seeds, new groups and new scans, all normal.
            truth = ndtr(1 / np.sqrt(2 + of_seeds**2))
            held = np.zeros(2)
            for repeat in range(repeats):
                own = drawn(generator, seeds, of_seeds)
                found = accuracy_of([Term(1.0, own)], resamples=300, seed=repeat)
                assert found.over_both is not None
                ends = (found.over_groups, found.over_both)
                held += [own.low <= truth <= own.high for own in ends]
            alone, both = held / repeats
            print(f"{seeds:5}{of_seeds:17}{alone:14.3f}{both:18.3f}")
            assert 0.93 < both < 0.98, (seeds, of_seeds)
            if of_seeds == 0.3:
                assert alone < 0.80, seeds
