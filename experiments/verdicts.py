"""When what was found decides a statement of the report, and when it does not."""

import math
import statistics
from collections.abc import Mapping, Sequence

from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.published import Results

HOLDS, FAILS, OPEN, NOT_RUN = "holds", "does not hold", "not decided", "not run"
UNTESTED = "not tested at the report's schedule"
REPORT_RATE = 1e-5  # "Adam optimizer with a learning rate of 0.00001"; the report keeps it fixed
DEVIATIONS = 1.96  # standard errors to each side of a 95 % interval, as all others are


def at_report_rate(settings: Sequence[PooledRunGroup]) -> bool:
    """Tell whether settings were trained at the report's rate, kept fixed."""
    values = [setting.values for setting in settings]
    return all(
        own["optimizer.lr"] == REPORT_RATE and not any(key.startswith("scheduler.") for key in own)
        for own in values
    )


def at_report_schedule(settings: Sequence[PooledRunGroup], theirs: Results) -> bool:
    """Tell whether settings were trained at the report's rate for as many epochs, each run.

    Args:
        settings: The settings.
        theirs: The report's results of a network, whose curve ends in the last epoch.
    """
    epochs = {run.epochs for setting in settings for run in setting.runs}
    return at_report_rate(settings) and epochs == {max(theirs.curve)}


def higher(low: float, high: float) -> str:
    """Decide whether a difference is above 0 by the ends of its interval."""
    return HOLDS if low > 0 else FAILS if high < 0 else OPEN


def found_least(candidates: Sequence[str], name: str, counted_as: str) -> str:
    """Decide whether a class is found least.

    Args:
        candidates: Classes that may be the one of the least recall (see `LeastRecall`).
        name: The class as the report names it.
        counted_as: The folder that has as many scans.
    """
    if counted_as not in candidates:
        return FAILS
    if len(candidates) > 1:
        by_name = name in candidates
        return OPEN if by_name else f"{OPEN} for these scans, {FAILS} for that name"
    return HOLDS if name == counted_as else f"{HOLDS} for these scans, not for that name"


def standard_error(accuracies: Sequence[float], scans: int) -> float:
    """Give the standard error of an accuracy that one or more seeds reached.

    The binomial one, `sqrt(p (1 - p) / N)`, or the standard deviation over seeds where that is
    larger. It is not divided by the number of seeds: two or three say little of their spread.

    Args:
        accuracies: One for each seed, in [0, 1].
        scans: Scans that each was taken from, N, at least 1.

    Example:
        >>> round(standard_error([0.9], 900), 3), round(standard_error([0.8, 0.9], 900), 3)
        (0.01, 0.071)
    """
    mean = statistics.fmean(accuracies)
    binomial = math.sqrt(mean * (1 - mean) / scans)
    return max(binomial, statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0)


def widest_is_highest(reached: Mapping[int, Sequence[float]], scans: int) -> str:
    """Decide whether each narrower layer has a lower accuracy than the widest.

    Each difference counts from 1.96 of its standard errors on. Both accuracies are taken as
    independent; they are of the same scans, so this asks for a little more than is needed.

    Args:
        reached: Accuracies of the seeds, in [0, 1], by width; at least two widths.
        scans: Scans that each was taken from, at least 1.
    """
    widest = max(reached)
    error = {width: standard_error(own, scans) for width, own in reached.items()}
    ends = []
    for width in reached.keys() - {widest}:
        less = statistics.fmean(reached[widest]) - statistics.fmean(reached[width])
        wide = DEVIATIONS * math.hypot(error[widest], error[width])
        ends.append(higher(less - wide, less + wide))
    return FAILS if FAILS in ends else OPEN if OPEN in ends else HOLDS
