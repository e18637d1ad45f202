"""From which confidence on an answer is sure enough, as a run's validation scans tell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.data.split import VALIDATION
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.evaluation.curves import risk_coverage
from brain_tumor.runtime.run.run_folder import RunFolder


@dataclass(frozen=True)
class Unsure:
    """When an answer counts as unsure.

    Attributes:
        error: Share of the answers that are not unsure that may be wrong, above 0, below 1.

    Raises:
        ConfigError: It lies outside.
    """

    error: float

    def __post_init__(self) -> None:
        if not 0 < self.error < 1:
            raise ConfigError(f"unsure.error must lie between 0 and 1: {self.error!r}")

    @property
    def unfitted(self) -> float:
        """The least confidence where no validation scans tell one.

        Of answers at least so confident no more would be wrong, if confidence kept its word.
        """
        return 1 - self.error


def least_confidence(
    scored: RunFolder, classes: Sequence[str], temperature: float | None, ask: Unsure
) -> float | None:
    """Find the confidence from which on a run's answers are sure enough.

    Args:
        scored: Where the evaluation of the checkpoint left `predictions.csv`.
        classes: Class names.
        temperature: Of the probabilities; None for 1.
        ask: How many may be wrong.

    Returns:
        The least confidence, of calibrated probabilities, such that of the validation scans
        answered so no larger share is wrong; infinity where no confidence is enough; None where
        the run has no validation part.

    Raises:
        DataError: The file is missing or damaged.
    """
    rows = [row for row in scored.read_rows("predictions.csv") if row.get("part") == VALIDATION]
    if not rows:
        return None
    try:
        numbers = {name: number for number, name in enumerate(classes)}
        labels = np.array([numbers[row["label"]] for row in rows], np.int64)
        logits = np.array([[float(row[f"logit_{name}"]) for name in classes] for row in rows])
        curve = risk_coverage(labels, logits / (temperature or 1.0))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{scored.path / 'predictions.csv'} is damaged: run python -m brain_tumor.evaluate on "
            "the run again."
        ) from error
    found = curve.least_confidence(ask.error)
    return math.inf if found is None else found
