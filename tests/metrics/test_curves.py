import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import auc, average_precision_score, roc_auc_score

from brain_tumor.metrics.curves import precision_recall, risk_coverage, roc

# Whole logits: ties.
SCANS = st.lists(
    st.tuples(st.integers(0, 2), st.tuples(*[st.integers(-2, 2) for _ in range(3)])),
    min_size=1,
    max_size=30,
)
Scan = tuple[int, tuple[int, ...]]


def columns(scans: list[Scan]) -> tuple[np.ndarray, np.ndarray]:
    labels, logits = zip(*scans, strict=True)
    return np.array(labels), np.array(logits, np.float64)


@given(SCANS)
@settings(max_examples=50, deadline=None)
def test_the_roc_curve_passes_through_every_threshold(scans: list[Scan]) -> None:
    labels, logits = columns(scans)
    positive, scores = labels == 1, softmax(logits, axis=1)[:, 1]
    curve = roc(labels, logits, 1)
    if positive.all() or not positive.any():
        assert curve is None
        return
    assert curve is not None
    assert curve.area == pytest.approx(roc_auc_score(positive, scores))
    assert curve.area == pytest.approx(auc(curve.x, curve.y))
    for threshold in scores:
        rate, recall = (
            np.mean(scores[~positive] >= threshold),
            np.mean(scores[positive] >= threshold),
        )
        # On a rise the curve has one x and all the y between two points.
        at = curve.y[np.isclose(curve.x, rate)]
        between = at.min() - 1e-9 <= recall <= at.max() + 1e-9 if len(at) else False
        assert between or np.interp(rate, curve.x, curve.y) == pytest.approx(recall)


def test_no_point_of_a_roc_curve_without_ties_lies_between_its_neighbours() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 500)
    curve = roc(labels, generator.normal(size=(500, 3)) + 2 * np.eye(3)[labels], 1)
    assert curve is not None and len(curve.x) < 200
    steps = np.diff(np.column_stack((curve.x, curve.y)), axis=0)
    turns = steps[:-1, 0] * steps[1:, 1] - steps[:-1, 1] * steps[1:, 0]
    # scikit-learn always keeps the first threshold.
    assert np.all(np.abs(turns[1:]) > 1e-9)


@given(SCANS)
@settings(max_examples=50, deadline=None)
def test_every_point_of_the_precision_recall_curve_is_a_threshold(scans: list[Scan]) -> None:
    labels, logits = columns(scans)
    positive, scores = labels == 1, softmax(logits, axis=1)[:, 1]
    curve = precision_recall(labels, logits, 1)
    if not positive.any():
        assert curve is None
        return
    assert curve is not None
    assert curve.area == pytest.approx(average_precision_score(positive, scores))
    # The steps' area, from the points that are left.
    assert curve.area == pytest.approx(-np.sum(np.diff(curve.x) * curve.y[:-1]))
    assert (curve.x[-1], curve.y[-1]) == (0, 1)
    every = {(np.mean(scores[positive] >= t), np.mean(positive[scores >= t])) for t in scores}
    for point in zip(curve.x[:-1], curve.y[:-1], strict=True):
        assert any(point == pytest.approx(other) for other in every)


@given(SCANS)
@settings(max_examples=50, deadline=None)
def test_risk_is_the_error_rate_of_the_scans_at_least_so_confident(scans: list[Scan]) -> None:
    labels, logits = columns(scans)
    confidences, wrong = softmax(logits, axis=1).max(axis=1), logits.argmax(axis=1) != labels
    curve = risk_coverage(labels, logits)
    thresholds = np.unique(confidences)[::-1]
    expected = [(np.mean(confidences >= t), np.mean(wrong[confidences >= t])) for t in thresholds]
    assert curve.coverage == pytest.approx(np.array([share for share, _ in expected]))
    assert curve.risk == pytest.approx(np.array([risk for _, risk in expected]))
    assert curve.confidence == pytest.approx(thresholds)
    assert curve.risk_at(1.0) == pytest.approx(wrong.mean())
    # The integral of risk_at, which is constant from one whole number of scans to the next.
    middles = (np.arange(len(labels)) + 0.5) / len(labels)
    assert curve.area == pytest.approx(np.mean([curve.risk_at(share) for share in middles]))


def test_without_ties_the_area_is_the_mean_of_all_error_rates() -> None:
    generator = np.random.default_rng(0)
    labels, logits = generator.integers(0, 4, 100), generator.normal(size=(100, 4))
    order = np.argsort(-softmax(logits, axis=1).max(axis=1))
    wrong = (logits.argmax(axis=1) != labels)[order]
    curve = risk_coverage(labels, logits)
    assert curve.area == pytest.approx(np.mean([wrong[:k].mean() for k in range(1, 101)]))
    assert curve.risk_at(0.3) == pytest.approx(wrong[:30].mean())
    assert curve.risk_at(0.3001) == pytest.approx(wrong[:31].mean())


@given(SCANS, st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_from_the_least_confidence_on_no_more_answers_are_wrong(
    scans: list[Scan], most: float
) -> None:
    labels, logits = columns(scans)
    confidences, wrong = softmax(logits, axis=1).max(axis=1), logits.argmax(axis=1) != labels
    steps = risk_coverage(labels, logits).steps()
    found = [confidence for risk, confidence in steps if risk <= most]
    kept = [t for t in np.unique(confidences) if wrong[confidences >= t].mean() <= most]
    assert found[:1] == ([min(kept)] if kept else [])
    assert found == sorted(found)
    assert 1 <= len(steps) <= wrong.sum() + 1


def test_logits_that_are_no_numbers_are_refused() -> None:
    labels, logits = np.array([0, 1]), np.array([[np.nan, 0], [0, 0]])
    for draw in (
        risk_coverage,
        lambda *part: roc(*part, 0),
        lambda *part: precision_recall(*part, 0),
    ):
        with pytest.raises(ValueError, match="1 of 2 scans are not finite"):
            draw(labels, logits)
