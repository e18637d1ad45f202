import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from brain_tumor.data.split import Split, SplitSettings, split_scans
from brain_tumor.errors import ConfigError, DataError

# Kept scans of the real set: glioma, meningioma, notumor, pituitary.
KEPT = (1620, 1530, 1699, 1740)
REAL = np.repeat(np.arange(4), KEPT)
REPORT = SplitSettings("report", test_fraction=0.25, leaky=True)


def folders_of(labels: np.ndarray) -> list[str]:
    return ["Testing" if i % 5 == 0 else "Training" for i in range(len(labels))]


def made(labels: np.ndarray, settings: SplitSettings, groups: np.ndarray | None = None) -> Split:
    alone = np.arange(len(labels)) if groups is None else groups
    return split_scans(labels, folders_of(labels), alone, settings)


def test_the_report_split_has_the_report_s_sizes() -> None:
    split = made(REAL, REPORT)
    counts = split.class_counts(REAL, "gmnp")
    assert len(split.train) == 4941
    assert len(split.test) == 1648
    assert counts["train"] == {"g": 1215, "m": 1147, "n": 1274, "p": 1305}
    assert counts["test"] == {"g": 405, "m": 383, "n": 425, "p": 435}
    assert set(split.parts) == {"train", "test"}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(8, 60), min_size=2, max_size=4), st.integers(0, 2**32 - 1))
def test_parts_cover_everything_once_and_keep_shares(sizes: list[int], seed: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    split = made(labels, SplitSettings("report", 0.25, 0.2, seed))
    rows = np.concatenate([split.train, split.validation, split.test])
    assert sorted(rows) == list(range(len(labels)))
    for label, size in enumerate(sizes):
        assert abs((labels[split.test] == label).sum() - size / 4) <= 1


def test_it_is_scikit_learn_s_stratification() -> None:
    split = made(REAL, SplitSettings("report", 0.25, 0.0, 7))
    shuffle = StratifiedShuffleSplit(n_splits=1, test_size=0.25, random_state=7)
    train, test = next(shuffle.split(REAL[:, None], REAL))
    np.testing.assert_array_equal(split.train, np.sort(train))
    np.testing.assert_array_equal(split.test, np.sort(test))


def test_the_same_seed_splits_the_same_and_another_does_not() -> None:
    def test_part(seed: int) -> list[int]:
        return made(REAL, SplitSettings("report", 0.25, 0.0, seed)).test.tolist()

    assert test_part(1) == test_part(1) != test_part(2)


def test_official_keeps_the_published_testing_and_cuts_validation_from_training() -> None:
    folders = folders_of(REAL)
    split = made(REAL, SplitSettings("official", validation_fraction=0.15))
    assert [folders[i] for i in split.test] == ["Testing"] * folders.count("Testing")
    assert {folders[i] for i in np.concatenate([split.train, split.validation])} == {"Training"}
    training = len(split.train) + len(split.validation)
    assert abs(len(split.validation) - 0.15 * training) <= 1
    shares = Counter(REAL[split.validation].tolist())
    for label, kept in enumerate(KEPT):
        assert abs(shares[label] - 0.15 * 0.8 * kept) <= 2


def test_official_takes_a_published_validation_part_as_it_is() -> None:
    folders = np.array(folders_of(REAL), object)
    folders[1::7] = "Validation"
    split = split_scans(
        REAL,
        folders.tolist(),
        np.arange(len(REAL)),
        SplitSettings("official", validation_fraction=0.15),
    )
    for part, name in (("train", "Training"), ("validation", "Validation"), ("test", "Testing")):
        np.testing.assert_array_equal(getattr(split, part), np.flatnonzero(folders == name))


def patients_of_four_classes(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw 40 to 80 patients per class, 4 to 16 scans each; up to three have scans of two."""
    labels, groups, patient = [], [], 0
    for label in range(4):
        mixed = int(rng.integers(0, 4))
        for number, scans in enumerate(rng.integers(4, 17, rng.integers(40, 81)).tolist()):
            labels += [label] * scans + [(label + 1) % 4] * (number < mixed)
            groups += [patient] * (scans + (number < mixed))
            patient += 1
    return np.array(labels), np.array(groups)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_patient_straddles_and_class_shares_stay(seed: int) -> None:
    labels, groups = patients_of_four_classes(np.random.default_rng(seed))
    overall = np.bincount(labels, minlength=4) / len(labels)
    tested = []
    for fold in range(4):
        rule = SplitSettings("patient", None, 0.15, seed, folds=4, fold=fold)
        split = made(labels, rule, groups)
        sides = [set(groups[rows].tolist()) for rows in split.parts.values()]
        assert len(sides) == 3
        assert not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])
        rows = np.concatenate(list(split.parts.values()))
        assert sorted(rows.tolist()) == list(range(len(labels)))
        for part in (split.train, split.test):
            share = np.bincount(labels[part], minlength=4) / len(part)
            assert np.abs(share - overall).max() < 0.02
        assert abs(len(split.test) / len(labels) - 0.25) < 0.02
        tested += split.test.tolist()
    assert sorted(tested) == list(range(len(labels)))  # every scan is tested once


def test_patients_that_are_too_few_are_refused() -> None:
    labels = np.repeat(np.arange(2), 20)
    one_patient_each = labels.copy()
    with pytest.raises(DataError, match="add scans of other patients"):
        made(labels, SplitSettings("patient", folds=2, fold=0), one_patient_each)
    # 16 patients in four classes: a seventh of twelve of them cannot hold every class.
    labels, patients = np.repeat(np.arange(4), 40), np.repeat(np.arange(16), 10)
    rule = SplitSettings("patient", validation_fraction=0.15, folds=4, fold=0)
    with pytest.raises(DataError, match="leaves the validation part without") as refused:
        made(labels, rule, patients)
    advised = re.search(r"add split.validation_fraction=([\d.]+)", str(refused.value))
    assert advised is not None
    again = made(labels, replace(rule, validation_fraction=float(advised[1])), patients)
    assert all(set(labels[rows]) == {0, 1, 2, 3} for rows in again.parts.values())


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5])
def test_a_validation_part_of_whole_patients_is_about_as_large_as_asked(fraction: float) -> None:
    labels = np.repeat(np.arange(4), 400)
    patients = np.arange(1600) // 4
    rule = SplitSettings("patient", validation_fraction=fraction, folds=4, fold=1)
    split = made(labels, rule, patients)
    assert len(split.validation) / (1600 - len(split.test)) == pytest.approx(fraction, abs=0.01)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"name": "folds"}, "split.name"),
        ({"name": "report", "test_fraction": 1.5}, "test_fraction"),
        ({"name": "report"}, "test_fraction must be given"),
        ({"name": "official", "test_fraction": 0.2}, "test_fraction must be null"),
        ({"name": "official", "validation_fraction": -0.1}, "validation_fraction"),
        ({"name": "official", "validation_fraction": 0.6}, "validation_fraction"),
        ({"name": "official", "seed": -1}, "split.seed"),
        ({"name": "official", "leaky": "no"}, "split.leaky"),
        ({"name": "patient", "folds": 4}, "split.fold must be given"),
        ({"name": "patient", "folds": 4, "fold": 4}, r"split.fold must lie in 0..3"),
        ({"name": "patient", "folds": 1, "fold": 0}, "split.folds"),
        ({"name": "file"}, "split.path must be given"),
        ({"name": "report", "test_fraction": 0.2, "path": "a.csv"}, "split.path must be null"),
    ],
)
def test_a_setting_out_of_range_is_named(values: dict, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        SplitSettings(**values)


def test_too_few_scans_are_refused() -> None:
    labels = np.array([0, 0, 0, 1])
    with pytest.raises(DataError, match="cannot be split"):
        made(labels, REPORT)
    training = ["Training"] * 4
    with pytest.raises(DataError, match="these scans have none: choose split=patient"):
        split_scans(labels, training, labels, SplitSettings("official", leaky=True))


def test_a_set_that_is_left_out_is_the_test_part() -> None:
    labels = np.tile([0, 1], 60)
    sources = ["a"] * 50 + ["b"] * 40 + ["c"] * 30
    groups = np.arange(120)
    groups[[3, 95, 96]] = 200  # a scan of a is related to two of c
    rule = SplitSettings("source", validation_fraction=0.2, seed=3, source="c")
    split = split_scans(labels, [""] * 120, groups, rule, sources)
    assert split.test.tolist() == [*range(90, 120)]
    rest = sorted([*split.train.tolist(), *split.validation.tolist()])
    assert rest == [row for row in range(90) if row != 3]
    assert 12 <= len(split.validation) <= 24


def test_a_set_of_fewer_classes_may_be_left_out_but_not_what_only_it_has() -> None:
    labels = np.array([0, 1, 2] * 20 + [0, 1] * 10)
    sources = ["a"] * 60 + ["b"] * 20
    alone = np.arange(80)
    split = split_scans(labels, [""] * 80, alone, SplitSettings("source", source="b"), sources)
    assert set(labels[split.test]) == {0, 1}
    with pytest.raises(DataError, match="without 1 of the 3 classes"):
        split_scans(labels, [""] * 80, alone, SplitSettings("source", source="a"), sources)


def test_a_set_that_is_not_there_is_named_with_those_that_are() -> None:
    labels = np.tile([0, 1], 20)
    rule = SplitSettings("source", source="c")
    with pytest.raises(DataError, match=r"split\.source is c, and the scans are of a, b"):
        split_scans(labels, [""] * 40, labels, rule, ["a"] * 20 + ["b"] * 20)
    with pytest.raises(DataError, match="one set only"):
        split_scans(labels, [""] * 40, labels, rule)
    related = np.zeros(40, np.int64)
    rule = SplitSettings("source", source="a")
    with pytest.raises(DataError, match="leaves no training scan"):
        split_scans(labels, [""] * 40, related, rule, ["a"] * 20 + ["b"] * 20)
