"""How sure the scores of settings are, and their calibration error, together and run by run."""

from dataclasses import replace

from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.run_calibration import BINS
from brain_tumor.evaluate.tables.certainty import certainty_table
from brain_tumor.metrics.uncertainty.folds import Spread
from brain_tumor.rendering.numbers import UNKNOWN, format_interval, format_score
from brain_tumor.rendering.page import DataTable


def calibration_tables(comparison: Comparison) -> list[DataTable]:
    """Lay out every score with its interval, and the calibration error of several runs."""
    parts = {setting.title: setting.part for setting in comparison.settings}
    level = comparison.bootstrap.level
    table = certainty_table(parts, "Scores with intervals", level)
    note = " ".join(filter(None, (table.note, comparison.different_healthy)))
    by_run = run_calibration_table(comparison)
    return [replace(table, note=note), *([by_run] if by_run else [])]


def run_calibration_table(comparison: Comparison) -> DataTable | None:
    """Lay out the calibration error of those settings that have several runs; None without any."""
    rows = []
    for setting in comparison.settings:
        if setting.calibration_over_runs is None:
            continue
        steps = setting.confidence
        for key, bins in BINS.items():
            found = setting.calibration_over_runs[key]
            pooled = format_interval(steps.probabilities.scores.get(key))
            rows.append([setting.title, bins, "before", pooled, *_runs(found.before), UNKNOWN])
            if found.after is not None and steps.calibrated is not None:
                pooled = format_interval(steps.calibrated.scores.get(key))
                improved = f"{found.improved} of {len(found.after.values)}"
                rows.append([setting.title, bins, "after", pooled, *_runs(found.after), improved])
    if not rows:
        return None
    return DataTable(
        "Calibration error, all runs together and one by one",
        [
            "setting",
            "bins of equal",
            "temperature",
            "pooled",
            "mean over runs",
            "each run",
            "improved runs",
        ],
        rows,
        "A run is a fold, or a seed of one. Pooling lets the errors of runs cancel where one is "
        "too sure and another not sure enough; a run alone has fewer scans, whose noise only adds "
        "to its error. So neither number is enough alone. Improved: the error is smaller after "
        f"temperature. In brackets {100 * comparison.bootstrap.level:g} % intervals that allow for "
        "that noise; means over so few runs have none.",
        text_columns=3,
    )


def _runs(found: Spread) -> list[str]:
    return [format_score(found.mean), ", ".join(map(format_score, found.values))]
