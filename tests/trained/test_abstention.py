import json
import math
from pathlib import Path

import pytest

from brain_tumor.errors import ConfigError, DataError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.trained.abstention import Abstention, error_steps, least_confidence

CLASSES = ("glioma", "notumor")
HEADER = ("path", "part", "label", "predicted", "logit_glioma", "logit_notumor")


def scored(folder: Path, *rows: tuple[str, str, float]) -> RunFolder:
    """Write predictions: part, label, and the logit of glioma, that of notumor being 0."""
    run = RunFolder(folder)
    found = [[str(n), part, label, "", logit, 0.0] for n, (part, label, logit) in enumerate(rows)]
    run.write_rows("predictions.csv", HEADER, found)
    return run


def least(run: RunFolder, temperature: float | None, error: float) -> float:
    steps = error_steps(run, CLASSES, temperature)
    assert steps is not None
    return least_confidence(json.loads(json.dumps(steps)), Abstention(error))


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_the_least_confidence_is_that_of_calibrated_validation_answers(tmp_path: Path) -> None:
    rows = [("validation", "glioma", 4.0), ("validation", "glioma", 3.0)]
    rows += [("validation", "notumor", 2.0), ("validation", "glioma", 1.0)]
    run = scored(tmp_path, *rows, ("test", "notumor", 9.0))
    assert least(run, None, 0.05) == pytest.approx(sigmoid(3))
    assert least(run, 2.0, 0.05) == pytest.approx(sigmoid(1.5))
    assert least(run, None, 0.25) == pytest.approx(sigmoid(1))


def test_where_the_surest_answers_are_wrong_none_is_sure(tmp_path: Path) -> None:
    run = scored(tmp_path, ("validation", "notumor", 4.0), ("validation", "glioma", 3.0))
    assert least(run, None, 0.05) == math.inf


def test_without_a_validation_part_nothing_is_told(tmp_path: Path) -> None:
    assert error_steps(scored(tmp_path), CLASSES, None) is None
    run = scored(tmp_path, ("test", "notumor", 4.0))
    assert error_steps(run, CLASSES, None) is None
    assert least_confidence(None, Abstention(0.05)) == 0.95


def test_what_is_damaged_or_out_of_range_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"predictions\.csv cannot be read"):
        error_steps(RunFolder(tmp_path), CLASSES, None)
    run = scored(tmp_path, ("validation", "pituitary", 4.0))
    with pytest.raises(DataError, match=r"predictions\.csv is damaged"):
        error_steps(run, CLASSES, None)
    for error in (0, 1, -0.1, float("nan")):
        with pytest.raises(ConfigError, match=r"abstention\.error"):
            Abstention(error)
