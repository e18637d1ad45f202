import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from brain_tumor.metrics.outliers import MAX_STEPS, fit_neighbours, fit_spread


def correlated(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99).normal(size=(columns, columns))
    return rng.normal(size=(rows, columns)) @ mix + 7


def test_spread_is_the_mahalanobis_distance_per_root_of_the_dimensions() -> None:
    reference, others = correlated(4000, 6), correlated(20, 6, 1) * 1.5
    inverse = np.linalg.inv(np.cov(reference.T, bias=True))
    expected = [mahalanobis(row, reference.mean(axis=0), inverse) / 6**0.5 for row in others]
    # The shrunk covariance differs by a thousandth of the mean variance.
    assert fit_spread(reference, [4, 2]).score(others) == pytest.approx(expected, rel=0.1)


def test_reference_scans_are_about_one_step_away_and_strange_ones_further() -> None:
    spread = fit_spread(correlated(2000, 30), [30])
    known, strange = spread.score(correlated(500, 30, 1)), spread.score(correlated(500, 30, 2) * 2)
    assert np.median(known) == pytest.approx(1, abs=0.15)
    assert roc_auc_score(np.repeat([0, 1], 500), np.concatenate([known, strange])) > 0.99


@given(st.integers(-3, 3), st.floats(-1000, 1000))
def test_units_and_zero_of_a_feature_make_no_difference(power: int, shift: float) -> None:
    reference, others = correlated(200, 5), correlated(20, 5, 1)
    change = np.array([10.0**power, 1, 1, 1, 1])
    first = fit_spread(reference, [5]).score(others)
    second = fit_spread(reference * change + shift, [5]).score(others * change + shift)
    assert second == pytest.approx(first, rel=1e-3)


def test_a_kind_of_many_features_is_reduced_so_that_it_cannot_drown_another() -> None:
    rng = np.random.default_rng(0)
    assert fit_spread(rng.normal(size=(500, 210)), [200, 10]).steps.shape == (210, MAX_STEPS + 10)


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_few_scans_and_features_that_never_differ_give_finite_distances(rows: int) -> None:
    reference = np.hstack([correlated(rows, 40), np.full((rows, 3), 5.0)])
    found = fit_spread(reference, [40, 3]).score(correlated(9, 43, 3))
    assert np.isfinite(found).all()


def test_the_nearest_direction_is_scikit_learn_s() -> None:
    rng = np.random.default_rng(0)
    reference = rng.gamma(1, size=(300, 64)).astype(np.float32)
    others = rng.gamma(2, size=(40, 64)).astype(np.float32)
    known = NearestNeighbors(n_neighbors=1, metric="cosine").fit(reference)
    cosine_distance = known.kneighbors(others)[0][:, 0]
    found = fit_neighbours(reference).score(others)
    assert found == pytest.approx((2 * cosine_distance) ** 0.5, abs=2e-3)  # directions in float16


def test_a_reference_scan_has_no_distance_however_bright() -> None:
    features = np.random.default_rng(0).gamma(1, size=(50, 30)).astype(np.float32)
    neighbours = fit_neighbours(features)
    assert (neighbours.score(features * 37) < 0.03).all()
    assert np.isfinite(neighbours.score(np.zeros((2, 30), np.float32))).all()
