import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from brain_tumor.metrics.detection import choose_threshold, detect
from brain_tumor.metrics.uncertainty.bootstrap import Resampling, bca_interval

SCANS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 4)), min_size=1, max_size=30
)
Scan = tuple[bool, int, int]


def columns(scans: list[Scan]) -> tuple[np.ndarray, ...]:
    tumour, steps, groups = (np.array(values) for values in zip(*scans, strict=True))
    return tumour, steps / 8, groups


@given(SCANS, st.floats(0.01, 1))
@settings(max_examples=100, deadline=None)
def test_no_larger_threshold_finds_enough(scans: list[Scan], least: float) -> None:
    tumour, probability, _ = columns(scans)
    assume(0 < tumour.sum() < len(tumour))
    threshold = choose_threshold(tumour, probability, least)
    assert np.mean(probability[tumour] >= threshold) >= least
    for larger in (np.nextafter(threshold, 2), *np.linspace(threshold, 1.1, 50)[1:]):
        assert np.mean(probability[tumour] >= larger) < least


@pytest.mark.parametrize("tumours", [3, 20, 100, 997])
def test_a_share_that_is_met_exactly_is_enough(tumours: int) -> None:
    tumour = np.arange(tumours + 1) < tumours
    probability = (np.arange(tumours + 1) + 1) / (tumours + 1)
    for wanted in range(1, tumours + 1):
        threshold = choose_threshold(tumour, probability, wanted / tumours)
        assert np.sum(probability[tumour] >= threshold) == wanted


@given(SCANS, st.integers(0, 8))
@settings(max_examples=50, deadline=None)
def test_counts_are_scikit_learn_s(scans: list[Scan], step: int) -> None:
    tumour, probability, groups = columns(scans)
    found = detect(tumour, probability, groups, step / 8, resampling=Resampling(100))
    matrix = confusion_matrix(tumour, probability >= step / 8, labels=[False, True])
    expected = [[found.true_negatives, found.false_positives]]
    expected.append([found.false_negatives, found.true_positives])
    assert matrix.tolist() == expected
    for interval, true in ((found.specificity, 0), (found.sensitivity, 1)):
        if matrix[true].sum():
            assert interval is not None
            assert interval.value == pytest.approx(matrix[true, true] / matrix[true].sum())
            assert 0 <= interval.low <= interval.high <= 1
        else:
            assert interval is None


def test_intervals_are_those_of_a_plain_loop_over_groups() -> None:
    generator = np.random.default_rng(0)
    tumour, groups = generator.random(60) < 0.6, generator.integers(0, 12, 60)
    probability = np.clip(0.3 * tumour + generator.random(60) * 0.7, 0, 1)
    found = detect(tumour, probability, groups, 0.5, resampling=Resampling(300, seed=4, level=0.8))

    generator = np.random.default_rng(4)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    drawn = []
    for _ in range(300):
        weights = generator.multinomial(len(members), np.full(len(members), 1 / len(members)))
        rows = np.concatenate([np.repeat(m, w) for m, w in zip(members, weights, strict=True)])
        called = probability[rows] >= 0.5
        drawn.append((np.mean(called[tumour[rows]]), np.mean(~called[~tumour[rows]])))
    without_each = []
    for group in np.unique(groups):
        rows = np.flatnonzero(groups != group)
        called = probability[rows] >= 0.5
        without_each.append((np.mean(called[tumour[rows]]), np.mean(~called[~tumour[rows]])))
    for number, interval in enumerate((found.sensitivity, found.specificity)):
        assert interval is not None
        expected = bca_interval(
            interval.value, np.array(drawn)[:, number], np.array(without_each)[:, number], 0.8
        )
        assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
