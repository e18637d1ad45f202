"""Scores of predictions, by name and with intervals, as files and tables have them.

Those of one part of a run stand in `metrics.json`, those of several runs together in
`comparison.json`. An interval is None where its score is 0/0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from brain_tumor.metrics.detection import DetectionScores
from brain_tumor.metrics.patients import PatientScores
from brain_tumor.metrics.probabilities import ProbabilityScores
from brain_tumor.metrics.uncertainty.bootstrap import Interval

Intervals = Mapping[str, Interval | None]


@dataclass(frozen=True)
class ScoredClass:
    """One class.

    Attributes:
        precision: In [0, 1]; None where the class is never predicted.
        recall: In [0, 1]; None where no scan is of the class.
        f1: In [0, 1]; None where both hold.
        support: Number of its scans.
    """

    precision: Interval | None
    recall: Interval | None
    f1: Interval | None
    support: int


@dataclass(frozen=True)
class RiskAtCoverage:
    """Error rate when only the most confident answers are given.

    Attributes:
        area: Mean over all coverages, in [0, 1] (AURC).
        risk_at: Error rate in [0, 1] at some coverages, by the coverage as text, such as `0.95`.
    """

    area: float
    risk_at: Mapping[str, float]


@dataclass(frozen=True)
class ConfidenceScores:
    """What needs more of predictions than the class.

    Attributes:
        probabilities: Scores of the network's probabilities.
        calibrated: Scores of the same after the temperature; None where there is none.
        tumour: Tumour against no tumour at the operating point; None without a healthy class.
        risk_coverage: What withholding unsure answers gains.
    """

    probabilities: ProbabilityScores
    calibrated: ProbabilityScores | None
    tumour: DetectionScores | None
    risk_coverage: RiskAtCoverage


@dataclass(frozen=True)
class PartScores:
    """Scores of one part.

    Attributes:
        classes: Class names in the order of the logits.
        present: Classes that have scans here.
        scans: Number of scans.
        groups: Number of groups of scans that the intervals resample.
        scores: Each score of labels in the registry, by key; one that has no meaning where a class
            has no scan is None there.
        per_class: Scores of each class.
        confusion: Counts; row = true class, column = predicted class.
        confidence: Scores of probabilities.
        patients: Scores by patient; None where no patient is known.
    """

    classes: tuple[str, ...]
    present: tuple[str, ...]
    scans: int
    groups: int
    scores: Intervals
    per_class: Mapping[str, ScoredClass]
    confusion: tuple[tuple[int, ...], ...]
    confidence: ConfidenceScores
    patients: PatientScores | None

    def value(self, score: str) -> float | None:
        """Give the value of a score of labels; None where it has none, as in an older file."""
        found = self.scores.get(score)
        return None if found is None else found.value
