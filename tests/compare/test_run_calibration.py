import numpy as np
import pytest

from brain_tumor.compare.run_calibration import calibration_over_runs
from brain_tumor.metrics.calibration import calibration_errors
from brain_tumor.trained.operating_point import CalibratedPredictions, Chosen, calibrate, join


def run_of(
    confidence: float, right: float, temperature: float | None = None, scans: int = 200
) -> CalibratedPredictions:
    """Answer all scans with one confidence, this share of them right."""
    labels = (np.arange(scans) >= right * scans).astype(np.int64)
    logits = np.tile([np.log(confidence / (1 - confidence)), 0.0], (scans, 1))
    return calibrate(labels, logits, np.arange(scans), None, Chosen(temperature, None, False))


def test_errors_of_runs_cancel_where_they_are_pooled_and_not_in_their_mean() -> None:
    runs = [run_of(0.8, 0.7), run_of(0.8, 0.9)]  # one too sure, one not sure enough
    found = calibration_over_runs(runs, bins=10)
    assert found is not None
    together = join(runs)
    pooled = calibration_errors(together.labels, together.logits, 10)
    for name in ("ece_equal_width", "ece_equal_mass"):
        over = found[name]
        assert over.before.values == pytest.approx((0.1, 0.1))
        assert over.before.mean == pytest.approx(0.1)
        assert pooled[name] == pytest.approx(0, abs=1e-9)
        assert (over.after, over.improved) == (None, None)


def test_runs_that_a_temperature_helps_are_counted() -> None:
    # Logits of 0.9 divided by 2 say 0.75: right for the first, wrong for the second.
    runs = [run_of(0.9, 0.75, 2.0), run_of(0.9, 0.9, 2.0), run_of(0.9, 0.8, 1.0)]
    found = calibration_over_runs(runs, bins=5)
    assert found is not None
    width = found["ece_equal_width"]
    assert width.after is not None
    assert width.before.values == pytest.approx((0.15, 0, 0.1), abs=1e-9)
    assert width.after.values == pytest.approx((0, 0.15, 0.1), abs=1e-9)
    assert width.improved == 1


def test_without_a_temperature_in_each_run_there_is_no_after() -> None:
    found = calibration_over_runs([run_of(0.9, 0.8, 2.0), run_of(0.9, 0.8)], bins=5)
    assert found is not None and found["ece_equal_width"].after is None
    assert calibration_over_runs([run_of(0.9, 0.8)], bins=5) is None
