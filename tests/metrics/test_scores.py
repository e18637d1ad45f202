import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.functional.classification import (
    multiclass_confusion_matrix,
    multiclass_f1_score,
    multiclass_precision,
    multiclass_recall,
)

from brain_tumor.dataclass_json import to_plain
from brain_tumor.metrics.scores import score

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_scores_are_torchmetrics_where_defined(pairs: list[tuple[int, int]]) -> None:
    true, predicted = (np.array(values) for values in zip(*pairs, strict=True))
    result = score(true, predicted, CLASSES)
    tensors = torch.from_numpy(predicted), torch.from_numpy(true)
    matrix = multiclass_confusion_matrix(*tensors, num_classes=4)
    assert [list(row) for row in result.confusion] == matrix.tolist()
    assert result.overall["accuracy"] == pytest.approx(matrix.diagonal().sum() / matrix.sum())
    for name, function in (
        ("precision", multiclass_precision),
        ("recall", multiclass_recall),
        ("f1", multiclass_f1_score),
    ):
        theirs = function(*tensors, num_classes=4, average="none").tolist()
        for label, value in zip(CLASSES, theirs, strict=True):
            ours = getattr(result.per_class[label], name)
            assert ours is None or ours == pytest.approx(value), (name, label)
    present = [c for c in CLASSES if result.per_class[c].support]
    recalls = [result.per_class[c].recall for c in present]
    assert result.overall["balanced_accuracy"] == pytest.approx(np.mean(recalls))


def test_what_is_not_defined_is_none_and_survives_json() -> None:
    result = score(np.array([0, 0]), np.array([0, 1]), CLASSES)
    assert result.per_class["notumor"].precision is None
    assert result.per_class["notumor"].recall is None
    assert result.per_class["meningioma"].precision == 0
    assert result.per_class["meningioma"].recall is None
    assert (
        json.loads(json.dumps(to_plain(result), allow_nan=False))["overall"]["balanced_accuracy"]
        == 0.5
    )


@pytest.mark.parametrize(("true", "predicted"), [([], []), ([1], [1, 2])])
def test_lengths_are_checked(true: list[int], predicted: list[int]) -> None:
    with pytest.raises(ValueError, match="predictions for"):
        score(np.array(true, int), np.array(predicted, int), CLASSES)
