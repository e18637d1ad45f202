"""The calibration error of a setting's runs, put together and one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.rendering.certainty import cell
from brain_tumor.rendering.numbers import UNKNOWN, format_score
from brain_tumor.rendering.page import DataTable

Values = Mapping[str, Any]

BINS = {"ece_equal_width": "width", "ece_equal_mass": "mass"}


def run_calibration_table(
    settings: Sequence[Values], titles: Sequence[str], level: float
) -> DataTable | None:
    """Lay out the calibration error of those settings that have several runs.

    Args:
        settings: As `comparison.json` holds them.
        titles: What each is called.
        level: How often an interval is to hold the truth, in [0, 1].

    Returns:
        None where each setting has a single run.
    """
    rows = []
    for setting, title in zip(settings, titles, strict=True):
        over_runs, pooled = setting["calibration_over_runs"], setting["confidence"]
        if over_runs is None:
            continue
        for key, bins in BINS.items():
            before, after = over_runs[key]["before"], over_runs[key]["after"]
            rows.append([title, bins, "before", cell(pooled["probabilities"][key])])
            rows[-1] += [*_runs(before), UNKNOWN]
            if after is not None:
                rows.append([title, bins, "after", cell(pooled["calibrated"][key])])
                improved = f"{over_runs[key]['improved']} of {len(after['values'])}"
                rows[-1] += [*_runs(after), improved]
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
        f"temperature. In brackets {100 * level:g} % intervals that allow for that noise; means "
        "over so few runs have none.",
        text_columns=3,
    )


def _runs(found: Values) -> list[str]:
    return [format_score(found["mean"]), ", ".join(map(format_score, found["values"]))]
