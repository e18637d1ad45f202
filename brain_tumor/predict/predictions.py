"""From a network's probabilities to what is said of each scan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from brain_tumor.predict.model import Model, Scans


@dataclass(frozen=True)
class Prediction:
    """What is said of a scan. For research, not for diagnosis.

    Attributes:
        source: Where the scan came from: a path, with `#3` for the third frame of a file;
            None where it was in memory.
        label: The likeliest class.
        probabilities: Of each class, by name, in [0, 1]; calibrated where the run has a
            temperature.
        tumour: Whether a tumour is called at the run's operating point; None where the classes
            have no healthy one.
        ood_score: How little the scan looks like those of training; None where the model cannot
            tell.
        out_of_distribution: Whether that is too much to believe the answer; None likewise.
        low_confidence: Whether the answer's probability is lower than where answers can be
            believed.
        tumour_probability: Of all classes with a tumour together, in [0, 1]; None where the classes
            have no healthy one.
    """

    source: str | None
    label: str
    probabilities: Mapping[str, float]
    tumour: bool | None
    ood_score: float | None
    out_of_distribution: bool | None
    low_confidence: bool
    tumour_probability: float | None = None

    @property
    def confidence(self) -> float:
        """Probability of the likeliest class."""
        return self.probabilities[self.label]


@dataclass(frozen=True)
class Unusable:
    """A file, or a frame of one, that nothing can be said of.

    Attributes:
        source: Which.
        reason: Why not.
    """

    source: str
    reason: str


def predict_scans(model: Model, scans: Scans, sources: Sequence[str | None]) -> list[Prediction]:
    """Let a network look at scans, and judge what it says.

    Args:
        model: The network.
        scans: `(N, size, size)`, uint8, 0-255, cut and harmonised as the model's own.
        sources: Where each came from, N.
    """
    if not len(scans):
        return []
    output = model.predict(scans)
    ood_score = [None] * len(scans) if output.ood_score is None else output.ood_score.tolist()
    found = []
    for source, row, odd in zip(sources, output.probabilities, ood_score, strict=True):
        number, likely = int(row.argmax()), _tumour_probability(model, row)
        found.append(
            Prediction(
                source,
                model.classes[number],
                dict(zip(model.classes, row.tolist(), strict=True)),
                _tumour(model, likely),
                odd,
                None if odd is None or model.ood_threshold is None else odd > model.ood_threshold,
                bool(row[number] < model.confident_from),
                likely,
            )
        )
    return found


def _tumour_probability(
    model: Model, row: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> float | None:
    if model.healthy is None or model.chosen.threshold is None:
        return None
    # A sum of the others, as where the threshold was chosen (`trained.operating_point`).
    likely = np.delete(row, model.classes.index(model.healthy)).sum()
    return float(min(likely, 1.0))


def _tumour(model: Model, likely: float | None) -> bool | None:
    if likely is None or model.chosen.threshold is None:
        return None
    return likely >= model.chosen.threshold
