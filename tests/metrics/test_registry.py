"""Every score of the registry, and some that a user might add, against other people's code."""

import numpy as np
import pytest
from sklearn import metrics

from brain_tumor.metrics.arrays import Values
from brain_tumor.metrics.probabilities import bootstrap_probabilities
from brain_tumor.metrics.registry import (
    SCORES,
    Confusions,
    Score,
    accuracy,
    better,
    compute_scores,
    label_scores,
    negative_log_likelihood,
)
from brain_tumor.metrics.uncertainty.bootstrap import Resampling
from brain_tumor.metrics.uncertainty.intervals import (
    bootstrap_scores,
    count_by_group,
    weighted_sum,
)
from brain_tumor.metrics.uncertainty.weighted import WeightedPredictions

TOLD = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "macro_f1": lambda *both, **more: metrics.f1_score(*both, average="macro", **more),
}


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, 120)
    logits = generator.normal(size=(120, 4)) + 1.5 * np.eye(4)[labels]
    return labels, logits, np.arange(120) // 3


def kappa(confusions: Confusions) -> Values:
    true, predicted = confusions.sum(axis=2), confusions.sum(axis=1)
    by_chance = (true * predicted).sum(axis=1) / true.sum(axis=1) ** 2
    return (accuracy(confusions) - by_chance) / (1 - by_chance)


KAPPA = Score("kappa", "Cohen kappa", "kappa", "higher", "labels", kappa)


@pytest.fixture
def with_kappa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCORES, "kappa", KAPPA)


def test_entries_say_what_they_are() -> None:
    for key, score in SCORES.items():
        assert key == score.key and score.title and score.short
        assert score.better in ("higher", "lower")
        assert (score.compute is None) == (score.needs == "bins")
    assert len({score.title for score in SCORES.values()}) == len(SCORES)
    assert [score.key for score in label_scores()] == list(TOLD)
    with pytest.raises(ValueError, match="ece_equal_mass needs bins"):
        compute_scores([SCORES["ece_equal_mass"]])


@pytest.mark.usefixtures("with_kappa")
def test_weighted_counts_give_scikit_learn_s_scores() -> None:
    labels, logits, groups = drawn(1)
    predicted = logits.argmax(axis=1)
    weights = np.random.default_rng(2).multinomial(40, np.full(40, 1 / 40), 30)
    counts = count_by_group(labels, predicted, groups, 4)
    found = compute_scores(label_scores(), weighted_sum(weights, counts))
    assert found.shape == (30, 4)
    told = TOLD | {"kappa": metrics.cohen_kappa_score}
    for column, score in zip(found.T, label_scores(), strict=True):
        for value, row in zip(column, weights, strict=True):
            reference = told[score.key](labels, predicted, sample_weight=row[groups])
            assert value == pytest.approx(reference), score.key


@pytest.mark.usefixtures("with_kappa")
def test_another_score_has_an_interval_and_leaves_the_others_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels, logits, groups = drawn(3)
    predicted = logits.argmax(axis=1)
    found = bootstrap_scores(labels, predicted, groups, 4, resampling=Resampling(200))
    interval = found.overall["kappa"]
    assert interval is not None
    assert interval.value == pytest.approx(metrics.cohen_kappa_score(labels, predicted))
    assert interval.low < interval.value < interval.high
    monkeypatch.delitem(SCORES, "kappa")
    alone = bootstrap_scores(labels, predicted, groups, 4, resampling=Resampling(200))
    assert alone.overall == {k: v for k, v in found.overall.items() if k != "kappa"}
    assert (alone.recalls, alone.precisions, alone.f1s) == (
        found.recalls,
        found.precisions,
        found.f1s,
    )


@pytest.mark.usefixtures("with_kappa")
def test_an_undefined_score_has_no_interval() -> None:
    once = np.zeros(5, np.int64)  # one class, always predicted: kappa is 0/0
    found = bootstrap_scores(once, once, np.arange(5), 2, resampling=Resampling(100))
    assert found.overall["kappa"] is None and found.overall["accuracy"] is not None


def test_a_mean_over_scans_may_also_be_written_by_resample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def by_resample(predictions: WeightedPredictions) -> Values:
        each = negative_log_likelihood(predictions.labels, predictions.logits)
        return predictions.of_scans @ each / predictions.of_scans.sum(axis=1)

    again = Score("again", "the same", "same", "lower", "ranking", by_resample)
    monkeypatch.setitem(SCORES, "again", again)
    found = bootstrap_probabilities(*drawn(4), "abcd", resampling=Resampling(200)).scores
    assert list(found) == [key for key, score in SCORES.items() if score.needs != "labels"]
    one, other = found["nll"], found["again"]
    assert one is not None and other is not None
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_the_loss_and_errors_are_better_small() -> None:
    assert better("val/loss") == better("val/nll") == better("final/brier") == "lower"
    for name in ("accuracy", "macro_roc_auc", "precision/loss", "f1/glioma"):
        assert better(f"train/{name}") == "higher"
