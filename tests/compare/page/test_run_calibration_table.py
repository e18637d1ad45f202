from typing import Any

from brain_tumor.compare.page.run_calibration_table import run_calibration_table


def setting(after: bool, runs: bool = True) -> dict[str, Any]:
    def spread(*values: float) -> dict[str, Any]:
        return {"values": values, "mean": sum(values) / len(values)}

    over = {
        "before": spread(0.03, 0.07),
        "after": spread(0.04, 0.02) if after else None,
        "improved": 1 if after else None,
    }
    one = {"value": 0.053, "low": 0.04, "high": 0.07}
    pooled = {"ece_equal_width": one, "ece_equal_mass": one}
    return {
        "confidence": {"probabilities": pooled, "calibrated": pooled if after else None},
        "calibration_over_runs": dict.fromkeys(pooled, over) if runs else None,
    }


def test_pooled_mean_and_each_run_stand_side_by_side() -> None:
    settings = [setting(True), setting(False, runs=False), setting(False)]
    table = run_calibration_table(settings, ["a", "b", "c"], 0.9)
    assert table is not None
    assert [(row[0], row[1], row[2]) for row in table.rows] == [
        *(("a", "width", "before"), ("a", "width", "after")),
        *(("a", "mass", "before"), ("a", "mass", "after")),
        *(("c", "width", "before"), ("c", "mass", "before")),
    ]
    before, after = table.rows[:2]
    pooled = "0.053 (0.040 to 0.070)"
    assert list(before[3:]) == [pooled, "0.050", "0.030, 0.070", "–"]  # noqa: RUF001
    assert list(after[3:]) == [pooled, "0.030", "0.040, 0.020", "1 of 2"]
    assert "90 % intervals" in table.note


def test_single_runs_need_no_table() -> None:
    assert run_calibration_table([setting(True, runs=False)], ["a"], 0.95) is None
