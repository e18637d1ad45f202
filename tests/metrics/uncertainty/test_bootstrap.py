from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from brain_tumor.metrics.uncertainty import bootstrap
from brain_tumor.metrics.uncertainty.bootstrap import (
    Interval,
    Resampling,
    bca_interval,
    check_groups,
    draw_weights,
    leave_out,
    resample,
)


def test_every_resample_draws_as_many_groups_as_there_are() -> None:
    drawn = np.concatenate(list(draw_weights(20, 5000, seed=3, rows=900)))
    assert drawn.shape == (5000, 20) and np.all(drawn.sum(axis=1) == 20)
    # Each group is drawn once on average, with the variance of a binomial number.
    assert drawn.mean(axis=0) == pytest.approx(np.ones(20), abs=0.06)
    assert drawn.var() == pytest.approx(1 - 1 / 20, abs=0.02)


@pytest.mark.parametrize("scans", [0, 1000])
def test_blocks_bound_the_memory_and_change_no_draw(
    monkeypatch: pytest.MonkeyPatch, scans: int
) -> None:
    (whole,) = draw_weights(10, 200, seed=1, rows=200)
    monkeypatch.setattr(bootstrap, "BLOCK_BYTES", 8 * 3000)
    rows: list[int] = []

    def measure(weights: np.ndarray) -> np.ndarray:
        rows.append(len(weights))
        return weights.astype(np.float64)

    found = resample(measure, 10, Resampling(200, seed=1), scans=scans)
    assert max(rows) == (3 if scans else 200)
    assert np.array_equal(found.drawn, whole)
    assert np.array_equal(found.values, np.ones(10))
    assert np.array_equal(found.without_each, 1 - np.eye(10))


def test_a_single_group_is_never_left_out() -> None:
    assert [block.tolist() for block in leave_out(1, rows=5)] == [[[1]]]


def scipy_ends(
    measure: object, groups: int, drawn: np.ndarray, without_each: np.ndarray, level: float
) -> tuple[float, float]:
    """Ask SciPy for its BCa interval of the same draws, at the level that Student's t gives."""
    adds = without_each.mean() - without_each
    # O'Neill's degrees of freedom of a sample variance (2014, doi 10.1080/00031305.2014.966589),
    # from the kurtosis of what each group adds: (n - 1 for normal values).
    kurtosis = stats.kurtosis(adds, fisher=False)
    freedom = 2 * groups / (kurtosis - (groups - 3) / (groups - 1))
    tail = stats.norm.cdf(stats.t.ppf((1 - level) / 2, freedom))
    found = stats.bootstrap(
        (np.arange(groups),),
        measure,
        n_resamples=0,
        vectorized=False,
        confidence_level=1 - 2 * tail,
        method="BCa",
        bootstrap_result=SimpleNamespace(bootstrap_distribution=drawn),
    )
    return found.confidence_interval.low, found.confidence_interval.high


@pytest.mark.parametrize("kind", ["skewed mean", "share with ties", "ratio of unequal groups"])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_the_ends_are_scipy_s_at_the_tails_of_student_s_t(kind: str, level: float) -> None:
    generator = np.random.default_rng(4)
    tops, sizes = generator.gamma(0.7, size=40), np.ones(40)
    if kind == "share with ties":
        tops = (tops > 0.2).astype(float)
    if kind == "ratio of unequal groups":
        sizes = generator.integers(1, 7, 40).astype(float)
        tops = generator.binomial(sizes.astype(int), 0.9).astype(float)

    def of_rows(rows: np.ndarray) -> float:
        return tops[rows].sum() / sizes[rows].sum()

    found = resample(lambda w: ((w @ tops) / (w @ sizes))[:, None], 40, Resampling(1000, level, 2))
    interval = found.interval(0)
    drawn, without_each = found.drawn[:, 0], found.without_each[:, 0]
    expected = scipy_ends(of_rows, 40, drawn, without_each, level)
    assert (interval.low, interval.high) == pytest.approx(expected)


def test_few_groups_that_matter_widen_the_interval() -> None:
    drawn = np.random.default_rng(0).normal(size=20_000)
    widths = []
    for matter in (5, 20, 200):
        without_each = np.zeros(200)
        without_each[:matter] = np.resize([-0.1, -0.05, 0.05, 0.1], matter)
        interval = bca_interval(0.0, drawn, without_each, level=0.95)
        widths.append(interval.high - interval.low)
    assert widths[0] > 1.1 * widths[1] and widths[1] > 1.02 * widths[2]
    assert widths[2] == pytest.approx(2 * 1.96, rel=0.03)


def test_the_interval_leaves_out_what_is_undefined() -> None:
    generator = np.random.default_rng(0)
    drawn, without_each = generator.random(1000), generator.random(30)
    interval = bca_interval(0.4, drawn, without_each, level=0.8)
    assert bca_interval(0.4, np.insert(drawn, [0, 500], np.nan), without_each, 0.8) == interval
    # A group that is not there to be left out counts as one of the groups that change nothing.
    gap = bca_interval(0.4, drawn, np.append(without_each, np.nan), level=0.8)
    nothing = bca_interval(0.4, drawn, np.append(without_each, without_each.mean()), level=0.8)
    assert (gap.low, gap.high) == pytest.approx((nothing.low, nothing.high))


@pytest.mark.parametrize("without_each", [[0.5, 0.5, 0.5], [0.5 + 1e-16, 0.5], [np.nan, np.nan]])
def test_where_no_group_changes_the_number_all_resamples_count(without_each: list[float]) -> None:
    drawn = np.array([0.4, 0.5, np.nan, 0.9])
    found = bca_interval(0.5, drawn, np.array(without_each), 0.95)
    assert found == Interval(0.5, 0.4, 0.9)


@given(
    st.lists(st.integers(-3, 3), min_size=2, max_size=8),
    st.lists(st.integers(-3, 3), min_size=2, max_size=12),
    st.integers(-3, 3),
)
def test_a_higher_level_never_narrows(without: list[int], drawn: list[int], value: int) -> None:
    arrays = np.array(drawn, np.float64), np.array(without, np.float64)
    levels = [bca_interval(value, *arrays, level) for level in (0.2, 0.5, 0.95, 0.999, 0.999999)]
    for inner, outer in pairwise(levels):
        assert min(drawn) <= outer.low <= inner.low <= inner.high <= outer.high <= max(drawn)


@pytest.mark.parametrize(
    ("groups", "message"), [([0, 1], "2 groups for 3 labels"), ([0, 1, -1], "needs a group")]
)
def test_what_cannot_be_resampled_is_refused(groups: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_groups(np.array(groups), 3)
