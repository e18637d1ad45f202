from dataclasses import replace

from sample_comparison import comparison, interval, probabilities, setting

from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.page.calibration_tables import run_calibration_table
from brain_tumor.compare.run_calibration import BINS, ErrorOverRuns
from brain_tumor.metrics.uncertainty.folds import spread


def calibrated(model: str, after: bool, runs: bool = True) -> PooledRunGroup:
    before, scaled = spread((0.03, 0.07)), spread((0.04, 0.02))
    over = ErrorOverRuns(before, scaled if after else None, 1 if after else None)
    pooled = probabilities(interval(0.053, 0.01))
    confidence = replace(
        setting().confidence, probabilities=pooled, calibrated=pooled if after else None
    )
    return setting(
        model=model,
        confidence=confidence,
        calibration_over_runs=dict.fromkeys(BINS, over) if runs else None,
    )


def test_pooled_mean_and_each_run_stand_side_by_side() -> None:
    settings = calibrated("a", True), calibrated("b", False, runs=False), calibrated("c", False)
    table = run_calibration_table(comparison(*settings, level=0.9))
    assert table is not None
    assert [(row[0][3], row[1], row[2]) for row in table.rows] == [
        *(("a", "width", "before"), ("a", "width", "after")),
        *(("a", "mass", "before"), ("a", "mass", "after")),
        *(("c", "width", "before"), ("c", "mass", "before")),
    ]
    before, after = table.rows[:2]
    pooled = "0.053 (0.043 to 0.063)"
    assert list(before[3:]) == [pooled, "0.050", "0.030, 0.070", "–"]  # noqa: RUF001
    assert list(after[3:]) == [pooled, "0.030", "0.040, 0.020", "1 of 2"]
    assert "90 % intervals" in table.note


def test_single_runs_need_no_table() -> None:
    assert run_calibration_table(comparison(calibrated("a", True, runs=False))) is None
