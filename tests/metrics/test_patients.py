from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import gmean
from sklearn.metrics import balanced_accuracy_score, recall_score

from brain_tumor.metrics.patients import (
    AnswerScores,
    PooledPatients,
    pool_patients,
    score_patients,
)
from brain_tumor.metrics.uncertainty.bootstrap import Interval, Resampling
from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals, bootstrap_scores

Part = tuple[np.ndarray, np.ndarray, np.ndarray]  # labels, logits, patients

LOGIT = st.floats(-30, 30, width=32)
SLICE = st.tuples(st.integers(0, 2), st.tuples(LOGIT, LOGIT, LOGIT), st.integers(-1, 4))
SLICES = st.lists(SLICE, min_size=1, max_size=25)


def part(slices: list[tuple[int, tuple[float, ...], int]]) -> Part:
    labels, logits, patients = zip(*slices, strict=True)
    return np.array(labels), np.array(logits, np.float64), np.array(patients)


def drawn_part(seed: int, slices: int = 120, patients: int = 30) -> Part:
    """Draw slices of patients of one class each; a third of the slices have no known patient."""
    generator = np.random.default_rng(seed)
    patient = generator.integers(0, patients, slices)
    labels = patient % 4
    logits = 2 * generator.normal(size=(slices, 4)) + 1.5 * np.eye(4)[labels]
    return labels, logits, np.where(generator.random(slices) < 1 / 3, -1, patient)


def answers(found: ScoreIntervals, complete: bool = True) -> AnswerScores:
    """Give what `score_patients` has of such scores, of classes a, b, c and so on."""
    accuracy = found.overall["accuracy"] if complete else None
    recalls = dict(zip("abcd", found.recalls, strict=False))
    return AnswerScores(accuracy, found.overall["balanced_accuracy"], recalls)


def same(one: PooledPatients, other: PooledPatients) -> bool:
    return (
        np.array_equal(one.patients, other.patients)
        and np.array_equal(one.labels, other.labels)
        and one.log_probabilities == pytest.approx(other.log_probabilities, abs=1e-9)
    )


@given(SLICES)
@settings(max_examples=100, deadline=None)
def test_pooling_is_the_geometric_mean_of_probabilities(slices: list) -> None:
    labels, logits, patients = part(slices)
    found = pool_patients(labels, logits, patients)
    units = sorted({(p, c) for c, _, p in slices if p >= 0})
    assert [*zip(found.patients, found.labels, strict=True)] == units
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    for number, (patient, label) in enumerate(units):
        (own,) = np.nonzero((patients == patient) & (labels == label))
        pooled = gmean(probabilities[own], axis=0)
        assert np.exp(found.log_probabilities[number]) == pytest.approx(pooled / pooled.sum())
        assert (found.slices[number], found.first[number]) == (len(own), own[0])
        # Hölder's inequality: together, no less of the truth than on average alone.
        alone = np.log(probabilities[own, label]).mean()
        assert found.log_probabilities[number, label] >= alone - 1e-9


@given(SLICES, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_neither_order_nor_copies_nor_strangers_matter(slices: list, random: object) -> None:
    found = pool_patients(*part(slices))
    shuffled = slices.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert same(pool_patients(*part(shuffled)), found)
    of_one = [one for one in slices if one[2] == slices[0][2]]
    assert same(pool_patients(*part(slices + 2 * of_one)), found)
    strangers = [(1, (9.0, 0.0, 0.0), -1)] * 3
    assert same(pool_patients(*part(strangers + slices)), found)


@given(SLICES, st.floats(0.1, 10))
@settings(max_examples=50, deadline=None)
def test_a_temperature_changes_no_answer(slices: list, temperature: float) -> None:
    labels, logits, patients = part(slices)
    plain = pool_patients(labels, logits, patients).log_probabilities
    first, second = np.sort(plain, axis=1)[:, :-3:-1].T
    assume((first - second > 1e-6).all())  # a tie is settled by rounding
    cooled = pool_patients(labels, logits / temperature, patients).log_probabilities
    assert np.array_equal(cooled.argmax(axis=1), plain.argmax(axis=1))


@given(SLICES)
@settings(max_examples=20, deadline=None)
def test_patients_of_one_slice_score_as_slices(slices: list) -> None:
    labels, logits, _ = part(slices)
    top = np.sort(logits, axis=1)
    assume((top[:, -1] - top[:, -2] > 1e-6).all())
    each = np.arange(len(labels))
    found = score_patients(labels, logits, each, each, "abc", resampling=Resampling(100))
    assert found is not None
    assert found.by_patient == found.by_slice
    expected = bootstrap_scores(labels, logits.argmax(axis=1), each, 3, Resampling(100))
    assert found.by_slice == answers(expected, complete=len(set(labels)) == 3)
    assert found.difference["balanced_accuracy"] == Interval(0, 0, 0)


def test_scores_are_those_of_a_plain_loop() -> None:
    labels, logits, patients = drawn_part(0)
    groups = patients // 2 + 1  # two patients each: identifiers that may be one person
    found = score_patients(
        labels, logits, patients, groups, "abcd", resampling=Resampling(200, seed=3, level=0.9)
    )
    assert found is not None
    truth, said, of_group = [], [], []
    for patient in sorted({*patients.tolist()} - {-1}):
        own = patients == patient
        odds = np.exp(logits[own])
        likely = gmean(odds / odds.sum(axis=1, keepdims=True), axis=0)
        truth.append(patient % 4)
        said.append(likely.argmax())
        of_group.append(patient // 2 + 1)
    expected = bootstrap_scores(*map(np.array, (truth, said, of_group)), 4, Resampling(200, 0.9, 3))
    assert found.by_patient == answers(expected)
    recalls = recall_score(truth, said, average=None)
    ours = [one.value for one in found.by_patient.recalls.values() if one]
    assert ours == pytest.approx(recalls.tolist())
    known = patients >= 0
    alone = logits[known].argmax(axis=1)
    assert found.by_slice == answers(
        bootstrap_scores(labels[known], alone, groups[known], 4, Resampling(200, 0.9, 3))
    )
    gain = found.difference["balanced_accuracy"]
    assert gain.value == pytest.approx(
        balanced_accuracy_score(truth, said) - balanced_accuracy_score(labels[known], alone)
    )
    assert gain.low < gain.value < gain.high


def test_pooling_helps_where_slices_err_alone_and_not_where_they_err_together() -> None:
    labels, logits, patients = drawn_part(1, slices=600)
    more = (patients, patients + 1, "abcd", Resampling(300))
    alone = score_patients(labels, logits, *more)
    # Every slice of a patient says what the first one does.
    first = {patient: row for row, patient in reversed([*enumerate(patients.tolist())])}
    together = logits[[first[patient] for patient in patients.tolist()]]
    alike = score_patients(labels, together, *more)
    assert alone is not None and alike is not None
    assert alone.difference["balanced_accuracy"].low > 0.1
    gain = alike.difference["balanced_accuracy"]
    assert gain.low < 0 < gain.high


def test_a_patient_of_two_classes_counts_once_for_each() -> None:
    logits = np.log([[0.8, 0.2], [0.6, 0.4], [0.9, 0.1]])
    labels, patients = np.array([0, 0, 1]), np.array([7, 7, 7])
    found = pool_patients(labels, logits, patients)
    assert (found.patients.tolist(), found.labels.tolist()) == ([7, 7], [0, 1])
    assert (found.slices.tolist(), found.first.tolist()) == ([2, 1], [0, 2])
    scored = score_patients(labels, logits, patients, np.zeros(3, np.int64), "ab")
    assert scored is not None
    assert (scored.patients, scored.of_several_classes) == (1, 1)
    assert scored.answers == {"a": 1, "b": 1}
    assert astuple(scored.by_patient.balanced_accuracy) == (0.5, 0.5, 0.5)


def test_without_known_patients_there_is_nothing_to_score() -> None:
    labels, logits, _ = drawn_part(2)
    nobody = np.full(len(labels), -1)
    assert pool_patients(labels, logits, nobody).log_probabilities.shape == (0, 4)
    assert score_patients(labels, logits, nobody, np.arange(len(labels)), "abcd") is None


def test_extreme_logits_stay_finite() -> None:
    logits = np.array([[1e5, 0, -1e5], [-1e5, 0, 1e5]])
    found = pool_patients(np.zeros(2, int), logits, np.zeros(2, int))
    assert found.log_probabilities == pytest.approx(np.log([[1 / 3] * 3]))


def test_what_makes_no_sense_is_refused() -> None:
    labels, logits, patients = drawn_part(3)
    with pytest.raises(ValueError, match="not finite"):
        pool_patients(labels, logits * np.inf, patients)
    with pytest.raises(ValueError, match="several groups"):
        score_patients(labels, logits, patients, np.arange(120), "abcd")
