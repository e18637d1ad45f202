from collections.abc import Callable
from pathlib import Path

import finished_runs
import numpy as np
import pytest
from finished_runs import CLASSES, Row
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score

from brain_tumor.compare.paired_tests import (
    CorrectedMcNemar,
    DifferentScans,
    check_same_scans,
    paired_tests,
)
from brain_tumor.compare.settings import RunGroup, gather
from brain_tumor.errors import DataError
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.metrics.uncertainty.significance import holm
from brain_tumor.runs.finished import read_run

ASK = ScoringSettings(200, 0.95, 0, 15, "notumor", 0.95, 24)
Made = Callable[..., list[RunGroup]]


def drawn(seed: int, right: float, scans: int = 120) -> list[Row]:
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(scans):
        label = CLASSES[number // 3 % 3]
        called = label if generator.random() < right else CLASSES[generator.integers(3)]
        rows.append((f"{number:03}.jpg", label, called, str(number // 3)))
    return rows


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Write runs of a wide and a narrow network, and gather them."""

    def make(wide: list[list[Row]], narrow: list[list[Row]]) -> list[RunGroup]:
        folders = [
            finished_runs.write_run(
                tmp_path / f"{width}-{seed}", rows, seed=seed, values={"model.width": width}
            )
            for width, seeds in ((512, wide), (64, narrow))
            for seed, rows in enumerate(seeds)
        ]
        return gather([read_run(folder) for folder in folders])

    return make


def test_two_settings_on_the_same_scans_are_tested_in_pairs(made: Made) -> None:
    first, second = drawn(1, 0.5), drawn(2, 0.9)
    gathered = made([first], [second])
    assert check_same_scans(gathered, different_scans=False) == ()
    (pair,) = paired_tests(gathered, ASK)
    labels, one, two = (np.array(column) for column in zip(*[
        (a[1], a[2], b[2]) for a, b in zip(first, second, strict=True)
    ], strict=True))  # fmt: skip
    only_first = int(np.sum((one == labels) & (two != labels)))
    only_second = int(np.sum((one != labels) & (two == labels)))
    p = binomtest(only_first, only_first + only_second).pvalue
    assert pair.mcnemar == CorrectedMcNemar(only_first, only_second, p, p)  # of a single test
    gain = accuracy_score(labels, two) - accuracy_score(labels, one)
    found = pair.differences["accuracy"]
    assert found is not None and found.value == pytest.approx(gain)
    assert 0 < found.low < gain < found.high
    assert (pair.first, pair.second, pair.scans, pair.groups) == (1, 2, 120, 40)


def test_several_seeds_are_compared_without_mcnemar(made: Made) -> None:
    gathered = made([drawn(1, 0.5), drawn(3, 0.5)], [drawn(2, 0.9)])
    (pair,) = paired_tests(gathered, ASK)
    found = pair.differences["balanced_accuracy"]
    assert pair.mcnemar is None and found is not None and found.low > 0


def test_p_values_of_several_settings_are_corrected_together(tmp_path: Path) -> None:
    folders = [
        finished_runs.write_run(tmp_path / str(width), rows, values={"model.width": width})
        for width, rows in ((512, drawn(1, 0.5)), (256, drawn(2, 0.9)), (64, drawn(4, 0.7)))
    ]
    # A setting of two seeds has no McNemar test, so it adds none to those that are corrected.
    folders += [
        finished_runs.write_run(
            tmp_path / f"seed{seed}", drawn(5 + seed, 0.8), seed=seed, values={"model.width": 16}
        )
        for seed in (0, 1)
    ]
    pairs = paired_tests(gather([read_run(folder) for folder in folders]), ASK)
    tests = [pair.mcnemar for pair in pairs if pair.mcnemar]
    assert (len(pairs), len(tests)) == (6, 3)
    assert [test.p_holm for test in tests] == holm([test.p_value for test in tests])


def test_different_test_scans_are_refused_unless_told(made: Made) -> None:
    gathered = made([drawn(1, 0.5)], [drawn(2, 0.9)[:90]])
    with pytest.raises(DataError) as told:
        check_same_scans(gathered, different_scans=False)
    assert "were not tested on the same scans (120 and 90" in str(told.value)
    assert "90 of them in both" in str(told.value)
    assert "different_scans=true" in str(told.value)
    (differing,) = check_same_scans(gathered, different_scans=True)
    assert differing == DifferentScans(1, 2, (120, 90), 90)
    assert paired_tests(gathered, ASK) == ()


def test_scans_of_two_classes_are_refused_whatever_is_told(made: Made) -> None:
    rows = drawn(2, 0.9)
    relabelled = [(rows[0][0], CLASSES[1], *rows[0][2:]), *rows[1:]]
    with pytest.raises(DataError, match=r"000\.jpg is glioma in .* and meningioma in"):
        check_same_scans(made([rows], [relabelled]), different_scans=True)
