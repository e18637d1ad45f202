from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from brain_tumor.data.split import SplitSettings, split_scans
from brain_tumor.errors import ConfigError, DataError

# Kept scans of the real set: glioma, meningioma, notumor, pituitary.
KEPT = (1620, 1530, 1699, 1740)
REAL = np.repeat(np.arange(4), KEPT)


def folders_of(labels: np.ndarray) -> list[str]:
    return ["Testing" if i % 5 == 0 else "Training" for i in range(len(labels))]


def test_the_report_split_has_the_report_s_sizes() -> None:
    split = split_scans(REAL, folders_of(REAL), SplitSettings("report", 0.25, 0.0, 0))
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
    split = split_scans(labels, folders_of(labels), SplitSettings("report", 0.25, 0.2, seed))
    rows = np.concatenate([split.train, split.validation, split.test])
    assert sorted(rows) == list(range(len(labels)))
    for label, size in enumerate(sizes):
        assert abs((labels[split.test] == label).sum() - size / 4) <= 1


def test_it_is_scikit_learn_s_stratification() -> None:
    split = split_scans(REAL, folders_of(REAL), SplitSettings("report", 0.25, 0.0, 7))
    shuffle = StratifiedShuffleSplit(n_splits=1, test_size=0.25, random_state=7)
    train, test = next(shuffle.split(REAL[:, None], REAL))
    np.testing.assert_array_equal(split.train, np.sort(train))
    np.testing.assert_array_equal(split.test, np.sort(test))


def test_the_same_seed_splits_the_same_and_another_does_not() -> None:
    def test_part(seed: int) -> list[int]:
        made = split_scans(REAL, folders_of(REAL), SplitSettings("report", 0.25, 0.0, seed))
        return made.test.tolist()

    assert test_part(1) == test_part(1) != test_part(2)


def test_official_keeps_the_published_testing_and_cuts_validation_from_training() -> None:
    folders = folders_of(REAL)
    split = split_scans(REAL, folders, SplitSettings("official", None, 0.15, 0))
    assert [folders[i] for i in split.test] == ["Testing"] * folders.count("Testing")
    assert {folders[i] for i in np.concatenate([split.train, split.validation])} == {"Training"}
    training = len(split.train) + len(split.validation)
    assert abs(len(split.validation) - 0.15 * training) <= 1
    shares = Counter(REAL[split.validation].tolist())
    for label, kept in enumerate(KEPT):
        assert abs(shares[label] - 0.15 * 0.8 * kept) <= 2


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (("folds", 0.25, 0.0, 0), "split.name"),
        (("report", 1.5, 0.0, 0), "test_fraction"),
        (("report", 0.25, -0.1, 0), "validation_fraction"),
        (("report", 0.25, 0.0, -1), "split.seed"),
    ],
)
def test_a_setting_out_of_range_is_named(values: tuple, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        SplitSettings(*values)


def test_report_without_a_test_fraction_is_refused() -> None:
    with pytest.raises(ConfigError, match="test_fraction"):
        split_scans(REAL, folders_of(REAL), SplitSettings("report", None, 0.0, 0))


def test_too_few_scans_are_refused() -> None:
    labels = np.array([0, 0, 0, 1])
    with pytest.raises(DataError, match="cannot be split"):
        split_scans(labels, ["Training"] * 4, SplitSettings("report", 0.25, 0.0, 0))
    with pytest.raises(DataError, match="0 test scans"):
        split_scans(labels, ["Training"] * 4, SplitSettings("official", None, 0.0, 0))
