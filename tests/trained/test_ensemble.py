"""Several networks that answer together: the average, and what is fitted for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import softmax

from brain_tumor.errors import DataError
from brain_tumor.trained.ensemble import average, open_ensemble

LOGITS = arrays.arrays(np.float64, (4, 3), elements=st.floats(-30, 30))


@given(st.lists(LOGITS, min_size=1, max_size=4))
def test_the_average_is_the_geometric_mean_brought_to_one(members: list[np.ndarray]) -> None:
    found = np.exp(average(members))
    product = np.prod([softmax(one, axis=1) ** (1 / len(members)) for one in members], axis=0)
    np.testing.assert_allclose(found, product / product.sum(axis=1, keepdims=True), atol=1e-9)


@given(LOGITS)
def test_networks_that_agree_change_nothing(logits: np.ndarray) -> None:
    np.testing.assert_allclose(np.exp(average([logits, logits])), softmax(logits, axis=1))


@given(LOGITS, LOGITS)
def test_their_order_does_not_count(one: np.ndarray, other: np.ndarray) -> None:
    np.testing.assert_allclose(average([one, other]), average([other, one]))


def test_seeds_of_one_split_are_fitted_on_the_validation_scans_they_share(sweep: dict) -> None:
    found = open_ensemble([str(path) for path in sweep.values()])
    assert found.chosen.temperature is not None
    assert found.chosen.fitted
    assert found.steps is not None


def test_one_run_is_no_ensemble(sweep: dict) -> None:
    (run, _) = sweep.values()
    with pytest.raises(DataError, match=f"run={run}"):
        open_ensemble([str(run), str(run)])
