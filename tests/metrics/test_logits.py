import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain_tumor.metrics.logits import check_logits, confidence_and_rightness


@given(st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), min_size=1, max_size=20))
def test_the_answer_is_the_first_largest_logit(rows: list[list[int]]) -> None:
    logits = np.array(rows, np.float64)
    labels = np.zeros(len(rows), np.int64)
    confidences, right = confidence_and_rightness(labels, logits)
    for row, confidence, is_right in zip(rows, confidences, right, strict=True):
        assert confidence == pytest.approx(np.exp(max(row)) / np.sum(np.exp(row)))
        assert is_right == (row.index(max(row)) == 0)


@pytest.mark.parametrize(
    ("labels", "logits", "message"),
    [
        ([], np.zeros((0, 4)), "for 0 labels"),
        ([0, 1], np.zeros((3, 4)), r"shape \(3, 4\) for 2 labels"),
        ([0, 1], np.zeros(2), r"shape \(2,\) for 2 labels"),
        ([0, 4], np.zeros((2, 4)), r"must lie in 0\.\.3"),
        ([-1, 0], np.zeros((2, 4)), r"must lie in 0\.\.3"),
        ([0, 1, 1], [[0, np.nan], [0, 0], [np.inf, np.nan]], "2 of 3 scans are not finite"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    labels: list[int], logits: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check_logits(np.array(labels, np.int64), np.array(logits))
