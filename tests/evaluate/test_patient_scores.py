import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from finished_runs import CLASSES, Row, write_run
from sklearn.metrics import balanced_accuracy_score

from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.pooled_scores import compare_settings
from brain_tumor.compare.settings import gather
from brain_tumor.dataclass_json import from_plain, to_plain
from brain_tumor.evaluate.part_scores import ScoringSettings, score_part_patients
from brain_tumor.metrics.patients import AnswerScores, PatientScores, score_patients
from brain_tumor.metrics.uncertainty.bootstrap import Resampling
from brain_tumor.runs.finished import read_run
from brain_tumor.trained.operating_point import Chosen, calibrate

ASK = ScoringSettings(200, 0.95, 0, 10, "notumor", 0.95, 24)


def drawn(seed: int = 0, slices: int = 90) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw slices of 18 patients, of one class each."""
    generator = np.random.default_rng(seed)
    patients = generator.integers(0, 18, slices)
    labels = patients % 3
    return labels, generator.normal(size=(slices, 3)) + np.eye(3)[labels], patients


def found(
    labels: np.ndarray, logits: np.ndarray, patients: np.ndarray, groups: np.ndarray, **more: Any
) -> PatientScores:
    calibrated = calibrate(labels, logits, groups, 2, Chosen(1.7, 0.4, True))
    record = score_part_patients(calibrated, patients, CLASSES, ASK, **more)
    assert record is not None
    plain = json.loads(json.dumps(to_plain(record), allow_nan=False))
    assert from_plain(PatientScores, plain) == record
    return record


def test_all_that_is_scored_is_told() -> None:
    labels, logits, patients = drawn()
    record = found(labels, logits, patients, patients)
    assert (record.patients, record.of_several_classes, record.slices) == (18, 0, 90)
    assert record.answers == {"glioma": 6, "meningioma": 6, "notumor": 6}
    assert record.groups == 18 and record.present == CLASSES
    expected = score_patients(labels, logits, patients, patients, CLASSES, Resampling(200))
    for name in ("by_patient", "by_slice"):  # groups are numbered anew, so ends may differ
        own, other = getattr(record, name), getattr(expected, name)
        assert own.accuracy.value == pytest.approx(other.accuracy.value)
        assert [one.value for one in own.recalls.values()] == pytest.approx(
            [one.value for one in other.recalls.values()]
        )
    for name, gain in record.difference.items():
        assert gain.value == pytest.approx(expected.difference[name].value)
        assert gain.low <= gain.value <= gain.high


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_a_class_without_known_patients_is_left_out() -> None:
    labels, logits, patients = drawn()
    unknown = np.where(labels == 2, -1, patients)
    record = found(labels, logits, unknown, patients)
    assert record.answers == {"glioma": 6, "meningioma": 6, "notumor": 0}
    assert record.present == ("glioma", "meningioma")
    left = int(np.sum(labels == 2))
    assert record.unknown_slices == {"glioma": 0, "meningioma": 0, "notumor": left}
    assert (record.patients, record.slices, record.groups) == (12, 90 - left, 12)
    for name in ("by_patient", "by_slice"):
        own: AnswerScores = getattr(record, name)
        assert own.accuracy is None and own.recalls["notumor"] is None
    assert record.difference["accuracy"] is None
    known = labels != 2
    balanced = balanced_accuracy_score(labels[known], logits[known].argmax(axis=1))
    assert record.by_slice.balanced_accuracy.value == pytest.approx(balanced)
    calibrated = calibrate(labels, logits, patients, 2, Chosen(None, 0.5, False))
    assert score_part_patients(calibrated, np.full(90, -1), CLASSES, ASK) is None


def test_a_patient_of_several_classes_and_of_several_groups_is_told() -> None:
    labels, logits, patients = drawn()
    labels = labels.copy()
    (own,) = np.nonzero(patients == 4)
    labels[own[0]] = 2
    record = found(labels, logits, patients, np.arange(90))  # a table that groups no patient
    assert (record.patients, record.of_several_classes, record.groups) == (18, 1, 18)
    assert sum(record.answers.values()) == 19


def test_near_duplicates_join_patients() -> None:
    labels, logits, patients = drawn()
    record = found(labels, logits, patients, patients // 2)
    assert (record.patients, record.groups) == (18, 9)


def rows() -> tuple[list[Row], dict[str, int]]:
    """Draw 60 slices of 20 patients; the patients without a tumour are not known."""
    generator = np.random.default_rng(5)
    drawn_rows, patients = [], {}
    for number in range(60):
        patient, label = number // 3, CLASSES[number // 3 % 3]
        said = label if generator.random() < 0.7 else CLASSES[generator.integers(3)]
        drawn_rows.append((f"{number:03}.jpg", label, said, f"{patient}"))
        if label != "notumor":
            patients[f"{number:03}.jpg"] = 40 - patient
    return drawn_rows, patients


def compared(*folders: Path) -> PooledRunGroup:
    (setting,) = compare_settings(gather([read_run(folder) for folder in folders]), ASK)
    return setting


def test_folds_are_pooled_and_seeds_kept_apart(tmp_path: Path) -> None:
    part, patients = rows()
    folds = [[row for row in part if int(row[3]) % 4 == fold] for fold in range(4)]
    runs = [
        write_run(tmp_path / f"{seed}{fold}", own, fold=fold, seed=seed, patients=patients)
        for seed in (0, 1)
        for fold, own in enumerate(folds)
    ]
    whole = compared(write_run(tmp_path / "whole", part, patients=patients)).patients
    pooled = compared(*runs[:4]).patients
    assert whole is not None and pooled is not None
    assert (pooled.patients, pooled.slices, pooled.groups) == (14, 42, 14)
    for name in ("answers", "present", "unknown_slices"):
        assert getattr(pooled, name) == getattr(whole, name)
    for name in ("by_patient", "by_slice"):
        value = getattr(pooled, name).balanced_accuracy.value
        assert value == pytest.approx(getattr(whole, name).balanced_accuracy.value)
    # The same answers twice are no more certain: of each patient the seeds are drawn together.
    twice = compared(*runs).patients
    assert twice is not None
    assert (twice.patients, twice.slices, twice.groups) == (14, 84, 14)
    assert sum(twice.answers.values()) == 28
    for name in ("by_patient", "by_slice", "difference"):
        assert getattr(twice, name) == getattr(pooled, name)


def test_runs_of_older_versions_have_none(tmp_path: Path) -> None:
    part, patients = rows()
    old = write_run(tmp_path / "old", part)
    assert read_run(old).predictions["test"].patients is None
    assert compared(old).patients is None
    new = write_run(tmp_path / "new", part, seed=1, patients=patients)
    assert compared(old, new).patients is None
    assert compared(new).patients is not None
