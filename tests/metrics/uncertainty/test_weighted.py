import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from brain_tumor.metrics.uncertainty.weighted import rank

# Few different scores: many ties.
SCANS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 4)), min_size=1, max_size=30
)


@given(SCANS)
@settings(max_examples=100, deadline=None)
def test_areas_are_scikit_learn_s_of_the_repeated_scans(
    scans: list[tuple[bool, int, int]],
) -> None:
    positive, scores, weights = (np.array(values) for values in zip(*scans, strict=True))
    scores = scores / 5
    (area,) = rank(positive, scores).areas(weights[None])
    repeated = np.repeat(positive, weights)
    if repeated.all() or not repeated.any():
        assert np.isnan(area)
    else:
        assert area == pytest.approx(roc_auc_score(repeated, np.repeat(scores, weights)))


def test_many_resamples_are_those_taken_one_by_one() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=300)
    positive = scores + generator.normal(size=300) > 0
    weights = generator.multinomial(300, np.full(300, 1 / 300), 20)
    expected = [roc_auc_score(positive, scores, sample_weight=row) for row in weights]
    assert rank(positive, scores).areas(weights) == pytest.approx(np.array(expected))
