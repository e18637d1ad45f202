import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from brain_tumor.models.epoch_scores import ClassificationScores, score_names

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


@settings(deadline=None, max_examples=60)
@given(PAIRS, st.integers(1, 7))
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_scores_are_scikit_learn_s(pairs: list[tuple[int, int]], size: int) -> None:
    scores = ClassificationScores(CLASSES)
    true, predicted = (np.array(values) for values in zip(*pairs, strict=True))
    for start in range(0, len(pairs), size):
        part = slice(start, start + size)
        # As logits, the largest at the predicted class.
        logits = torch.nn.functional.one_hot(torch.from_numpy(predicted[part]), 4).float()
        scores.update(logits, torch.from_numpy(true[part]))
    ours = {name: float(value) for name, value in scores.scores().items()}

    assert ours["accuracy"] == pytest.approx(metrics.accuracy_score(true, predicted))
    balanced = metrics.balanced_accuracy_score(true, predicted)
    assert ours["balanced_accuracy"] == pytest.approx(balanced)
    options = {"labels": range(4), "zero_division": np.nan}
    macro = metrics.f1_score(true, predicted, average="macro", **options)
    assert ours["macro_f1"] == pytest.approx(macro)
    per_class = metrics.precision_recall_fscore_support(true, predicted, **options)
    for name, values in zip(("precision", "recall", "f1"), per_class, strict=False):
        found = [ours[f"{name}/{label}"] for label in CLASSES]
        assert found == pytest.approx(values.tolist(), nan_ok=True), name


def test_scores_are_named_before_there_are_any() -> None:
    scores = ClassificationScores(CLASSES)
    scores.update(torch.eye(4), torch.arange(4))
    assert list(scores.scores()) == score_names(CLASSES)


def test_reset_forgets() -> None:
    scores = ClassificationScores(CLASSES)
    scores.update(torch.eye(4), torch.arange(4))
    scores.reset()
    scores.update(torch.eye(4), torch.tensor([1, 1, 2, 3]))
    assert float(scores.scores()["accuracy"]) == 0.75
