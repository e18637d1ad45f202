"""What validation scans decide for all others: the temperature, and when a tumour is called one."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy.special import softmax

from brain_tumor.metrics.arrays import Labels, Values
from brain_tumor.metrics.calibration import fit_temperature
from brain_tumor.metrics.detection import choose_threshold

# A tumour is called at the latest where it is likelier than none, whatever sensitivity is wanted:
# so the call never says no where the class is a tumour's.
EVEN = 0.5


@dataclass(frozen=True)
class Chosen:
    """What was fitted on validation scans and is used, as it is, on all others.

    Attributes:
        temperature: Divides the logits before they become probabilities; None where there were no
            validation scans to fit it on.
        threshold: Least probability of a tumour that is called one, in [0, 1], at most `EVEN`
            unless an older version chose it; None where the classes have no healthy one.
        fitted: Whether `threshold` was chosen on validation scans; else it is one half.
    """

    temperature: float | None
    threshold: float | None
    fitted: bool


def choose(
    validation: tuple[Labels, Values] | None, healthy: int | None, least_sensitivity: float
) -> Chosen:
    """Fit temperature and operating point on the class numbers and logits of validation scans.

    The call for a tumour has to reach `least_sensitivity` on them, above 0, up to 1. Where a
    threshold above one half would still reach it, one half is taken.
    """
    even = None if healthy is None else EVEN
    if validation is None:
        return Chosen(None, even, False)
    labels, logits = validation
    temperature = fit_temperature(labels, logits)
    tumour = labels != healthy
    if healthy is None or tumour.all() or not tumour.any():
        return Chosen(temperature, even, False)
    likely = tumour_probability(logits / temperature, healthy)
    threshold = min(choose_threshold(tumour, likely, least_sensitivity), EVEN)
    return Chosen(temperature, threshold, True)


def tumour_probability(logits: Values, healthy: int) -> Values:
    """Give the probability of any class but the healthy one, `(N,)`, in [0, 1]."""
    likely: Values = np.delete(softmax(logits, axis=1), healthy, axis=1).sum(axis=1)
    return np.minimum(likely, 1.0)  # a sum may end an ulp above


@dataclass(frozen=True)
class CalibratedPredictions:
    """Predictions, and what the numbers fitted on validation scans make of them.

    Attributes:
        labels: Class numbers, `(N,)`, N at least 1.
        logits: `(N, classes)`, finite.
        groups: Group of each scan, `(N,)`, not negative.
        calibrated: Logits divided by the temperature; None where there is none.
        likely: Probability of a tumour, `(N,)`, calibrated where it can be; None where there is no
            healthy class.
        threshold: Least such probability that is called a tumour, `(N,)`; None likewise.
    """

    labels: Labels
    logits: Values
    groups: Labels
    calibrated: Values | None
    likely: Values | None
    threshold: Values | None


def calibrate(
    labels: Labels, logits: Values, groups: Labels, healthy: int | None, chosen: Chosen
) -> CalibratedPredictions:
    """Apply what was fitted on validation scans to the predictions of one part."""
    calibrated = None if chosen.temperature is None else logits / chosen.temperature
    likely = threshold = None
    if healthy is not None and chosen.threshold is not None:
        likely = tumour_probability(logits if calibrated is None else calibrated, healthy)
        threshold = np.full(len(labels), chosen.threshold)
    return CalibratedPredictions(labels, logits, groups, calibrated, likely, threshold)


def join(parts: Sequence[CalibratedPredictions]) -> CalibratedPredictions:
    """Put the predictions of several runs, each calibrated by its own numbers, together."""

    def joined(name: str) -> Any:
        values = [getattr(part, name) for part in parts]
        return None if any(value is None for value in values) else np.concatenate(values)

    return CalibratedPredictions(*(joined(field.name) for field in fields(CalibratedPredictions)))
