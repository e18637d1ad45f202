"""From which confidence on an answer is sure enough, as a run's validation scans tell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from brain_tumor.data.split import VALIDATION
from brain_tumor.errors import DataError
from brain_tumor.metrics.curves import risk_coverage
from brain_tumor.runs.finished import PartPredictions, class_numbers, part_predictions
from brain_tumor.runs.folder import RunFolder
from brain_tumor.settings import Range, Settings

Steps = Sequence[Sequence[float]]  # pairs: share of wrong answers, confidence


@dataclass(frozen=True)
class Abstention(Settings, key="abstention"):
    """When the confidence of a prediction is low.

    Attributes:
        error: Share of the confident predictions that may be wrong.
    """

    error: Annotated[float, Range(0, 1, without=(0, 1))]


def read_validation(scored: RunFolder, classes: Sequence[str]) -> PartPredictions | None:
    """Read what a run's network says of its validation scans; None where it has none.

    Raises:
        DataError: `predictions.csv` is missing or damaged.
    """
    rows = [row for row in scored.read_rows("predictions.csv") if row.get("part") == VALIDATION]
    if not rows:
        return None
    try:
        found = part_predictions(rows, classes)
        class_numbers(found.labels, classes)
        return found
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{scored.path / 'predictions.csv'} is damaged: run python -m brain_tumor.evaluate on "
            "the run again."
        ) from error


def error_steps(
    scored: RunFolder, classes: Sequence[str], temperature: float | None
) -> Steps | None:
    """Tell how many of a run's answers are wrong from which confidence on.

    That is `RiskCoverage.steps` of the validation scans and their calibrated probabilities; None
    where the run has no validation part.

    Raises:
        DataError: The run's `predictions.csv` is missing or damaged.
    """
    found = read_validation(scored, classes)
    if found is None:
        return None
    return risk_coverage(
        class_numbers(found.labels, classes), found.logits / (temperature or 1.0)
    ).steps()


def least_confidence(steps: Steps | None, abstention: Abstention) -> float:
    """Find the least confidence such that of answers at least as sure no larger share is wrong.

    Infinity where no confidence is enough. Without validation scans it is the confidence of which
    no larger share would be wrong if networks were as often right as they are sure.

    Example:
        >>> least_confidence([(0.2, 0.3), (0.1, 0.7), (0.0, 0.9)], Abstention(0.15))
        0.7
    """
    if steps is None:
        return 1 - abstention.error
    return min(
        (confidence for risk, confidence in steps if risk <= abstention.error), default=math.inf
    )
