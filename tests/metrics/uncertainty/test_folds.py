import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score

from brain_tumor.metrics.uncertainty.folds import PooledScores, pool_runs
from brain_tumor.metrics.uncertainty.intervals import bootstrap_scores
from brain_tumor.metrics.uncertainty.significance import GradedPredictions

CLASSES = ("glioma", "meningioma", "notumor")


def folds_of(generator: np.random.Generator, folds: int, each: int) -> list[GradedPredictions]:
    """Draw folds of `each` scans, every class in each, three scans to a group."""
    runs = []
    for fold in range(folds):
        groups = np.arange(fold * each, (fold + 1) * each) // 3
        labels = generator.permutation(np.arange(each) % len(CLASSES))
        right = generator.random(each) < 0.7
        predicted = np.where(right, labels, generator.integers(0, len(CLASSES), each))
        runs.append(GradedPredictions(labels, predicted, groups))
    return runs


def pooled(*repeats: list[GradedPredictions]) -> PooledScores:
    """Pool repeats of the same folds."""
    runs = {(r, fold): run for r, folds in enumerate(repeats) for fold, run in enumerate(folds)}
    return pool_runs(runs, sum(len(run.labels) for run in repeats[0]), CLASSES)


def macro_f1(labels: np.ndarray, predicted: np.ndarray) -> float:
    return f1_score(labels, predicted, average="macro")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(6, 40))
def test_folds_are_scored_as_one_set_of_predictions(seed: int, folds: int, each: int) -> None:
    runs = folds_of(np.random.default_rng(seed), folds, each)
    labels = np.concatenate([run.labels for run in runs])
    predicted = np.concatenate([run.predicted for run in runs])
    found = pooled(runs)

    assert found.scans == found.scores.scans == folds * each
    assert found.groups == len({number // 3 for number in range(folds * each)})
    assert np.array_equal(found.scores.confusion, confusion_matrix(labels, predicted))
    assert found.over_seeds is None and found.over_folds is not None
    for name, reference in (
        ("accuracy", accuracy_score),
        ("balanced_accuracy", balanced_accuracy_score),
        ("macro_f1", macro_f1),
    ):
        expected = reference(labels, predicted)
        assert found.scores.overall[name] == pytest.approx(expected)
        assert found.intervals.overall[name].value == pytest.approx(expected)
        each_fold = [reference(run.labels, run.predicted) for run in runs]
        spread = found.over_folds[name]
        assert spread.values == pytest.approx(each_fold)
        assert spread.mean == pytest.approx(np.mean(each_fold))
        assert spread.deviation == pytest.approx(np.std(each_fold, ddof=1))
        assert (spread.low, spread.high) == pytest.approx((min(each_fold), max(each_fold)))


def test_the_order_of_the_runs_does_not_matter() -> None:
    runs = {(0, fold): run for fold, run in enumerate(folds_of(np.random.default_rng(1), 4, 20))}
    backwards = dict(reversed(runs.items()))
    assert pool_runs(backwards, 80, CLASSES) == pool_runs(runs, 80, CLASSES)


def test_seeds_do_not_count_as_more_scans() -> None:
    (run,) = folds_of(np.random.default_rng(2), 1, 60)
    one, two = pooled([run]), pooled([run], [run])
    # The same predictions a second time are no evidence: not a hair narrower.
    assert two.intervals == one.intervals
    assert (two.scans, two.groups, two.scores.scans) == (60, 20, 120)
    assert two.over_folds is None and two.over_seeds is not None
    assert two.over_seeds["macro_f1"].deviation == 0


def test_the_score_of_several_seeds_is_their_mean() -> None:
    generator = np.random.default_rng(3)
    (run,) = folds_of(generator, 1, 60)
    seeds = [
        GradedPredictions(run.labels, generator.permutation(run.predicted), run.groups)
        for _ in range(3)
    ]
    found = pooled(*([one] for one in seeds))
    assert found.over_seeds is not None
    recalls = [balanced_accuracy_score(one.labels, one.predicted) for one in seeds]
    assert found.over_seeds["balanced_accuracy"].values == pytest.approx(recalls)
    assert found.scores.overall["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    assert found.scores.overall["accuracy"] == pytest.approx(found.over_seeds["accuracy"].mean)


def test_folds_and_seeds_each_have_their_spread() -> None:
    generator = np.random.default_rng(4)
    folds = folds_of(generator, 3, 30)
    again = [
        GradedPredictions(run.labels, generator.permutation(run.predicted), run.groups)
        for run in folds
    ]
    found = pooled(folds, again)
    assert found.over_folds is not None and found.over_seeds is not None
    right = np.array([[np.mean(run.labels == run.predicted) for run in s] for s in (folds, again)])
    assert found.over_folds["accuracy"].values == pytest.approx(right.mean(axis=0))
    assert found.over_seeds["accuracy"].values == pytest.approx(right.mean(axis=1))


def test_intervals_resample_groups_across_folds() -> None:
    runs = folds_of(np.random.default_rng(5), 2, 30)
    joined = [np.concatenate([getattr(run, key) for run in runs]) for key in ("labels", "groups")]
    predicted = np.concatenate([run.predicted for run in runs])
    expected = bootstrap_scores(joined[0], predicted, joined[1], 3)
    assert pooled(runs).intervals == expected
    alone = bootstrap_scores(joined[0], predicted, np.arange(60), 3)
    assert expected != alone
