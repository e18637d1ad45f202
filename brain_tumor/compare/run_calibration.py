"""The calibration error of each run of a setting, beside which that of all together is to be read.

Pooling lets runs cancel: where one is too sure and another not sure enough, the bins of both
together may hold no gap. A run alone has fewer scans, and their noise only adds to an error (see
`metrics/calibration.py`). So neither the pooled error nor the mean over runs is enough
alone. Means over runs have no interval: runs are too few.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.metrics.calibration import calibration_errors
from brain_tumor.metrics.uncertainty.folds import Spread, spread
from brain_tumor.trained.operating_point import CalibratedPredictions

BINS = {"ece_equal_width": "width", "ece_equal_mass": "mass"}  # each error, and what its bins share


@dataclass(frozen=True)
class ErrorOverRuns:
    """Calibration error of the single runs, in their order.

    Attributes:
        after: Of probabilities after temperature; None where a run has none.
        improved: In how many runs the error is smaller after temperature; None likewise.
    """

    before: Spread
    after: Spread | None
    improved: int | None


def calibration_over_runs(
    runs: Sequence[CalibratedPredictions], bins: int
) -> dict[str, ErrorOverRuns] | None:
    """Take the calibration errors of each run alone, by name; None for a single run."""
    if len(runs) < 2:
        return None
    before = [calibration_errors(run.labels, run.logits, bins) for run in runs]
    after = [
        calibration_errors(run.labels, run.calibrated, bins)
        for run in runs
        if run.calibrated is not None
    ]

    def over(name: str) -> ErrorOverRuns:
        own = [found[name] for found in before]
        if len(after) < len(runs):
            return ErrorOverRuns(spread(own), None, None)
        scaled = [found[name] for found in after]
        improved = int(np.sum(np.less(scaled, own)))
        return ErrorOverRuns(spread(own), spread(scaled), improved)

    return {name: over(name) for name in BINS}
