"""What a comparison holds of a setting and of its runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brain_tumor.compare.run_calibration import ErrorOverRuns
from brain_tumor.evaluate.part_scores import scored_classes
from brain_tumor.metrics.leakage import PartOverlap
from brain_tumor.metrics.patients import PatientScores
from brain_tumor.metrics.uncertainty.folds import PooledScores
from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals
from brain_tumor.runs.results.complexity import MeasuredComplexity
from brain_tumor.runs.results.run import RunRecord
from brain_tumor.runs.results.scores import ConfidenceScores, PartScores


@dataclass(frozen=True)
class ComparedRun:
    """Where a run of a setting lies, what sets it apart from the others, and what made it.

    Attributes:
        fold: Its fold; None where the split has none.
        seed: Of weights, order and augmentation.
        split_seed: Of the split; None where it has none.
        epochs: Epochs trained; None where `run.json` does not tell.
        training_accuracy: Of the last epoch, as the report takes it: while training, with
            augmentation and dropout; None where `metrics.csv` does not tell.
        healthy: The class without a tumour that it is scored by; None where its classes have none.
        temperature: Fitted on its validation scans; None where there is none.
        threshold: Least probability of a tumour that is called one; None without a healthy class.
    """

    folder: str
    fold: int | None
    seed: int
    split_seed: int | None
    test_scans: int
    training_scans: int
    epochs: int | None
    training_accuracy: float | None
    healthy: str | None
    temperature: float | None
    threshold: float | None
    record: RunRecord


@dataclass(frozen=True)
class MissingFolds:
    """Folds of one pair of seeds of which no run was given."""

    seed: int
    split_seed: int | None
    folds: tuple[int, ...]


@dataclass(frozen=True)
class PooledRunGroup:
    """All runs that differ in nothing but fold and seed.

    Attributes:
        number: Its place among the settings, from 1.
        title: What tables call it: number, model, split, and what else tells it apart.
        differs: Further values that tell it from the other settings, by dotted key.
        runs: By seed and fold.
        seeds: How many pairs of `seed` and `split.seed` there are.
        folds: Which folds were tested; None where the split has none.
        folds_expected: How many the split has; None where it has none.
        same_scans: Whether all seeds were tested on the same scans.
        grouped: Whether `split.csv` tells which scans belong together.
        values: The configured values that make the setting.
        pooled: Scores of all runs together, on their test parts.
        confidence: What `part_scores.score_confidence` finds in the same predictions.
        calibration_over_runs: Calibration error of each run alone, for `confidence` has that of all
            predictions put together; None for a single run.
        patients: What `score_part_patients` finds in them; None where no patient is known, or a run
            was evaluated before `predictions.csv` had patients.
        train: Scores on the training parts; None where folds train on overlapping scans.
        class_totals: Scans of each class over all parts of a run.
        leakage: What each run's test part shares with what it trained on; None where it was
            evaluated before that was written down.
        complexity: What the network costs, as its first run measured it; None likewise.
    """

    number: int
    model: str
    split: str
    title: str
    differs: Mapping[str, str]
    runs: tuple[ComparedRun, ...]
    seeds: int
    folds: tuple[int, ...] | None
    folds_expected: int | None
    missing: tuple[MissingFolds, ...]
    same_scans: bool
    grouped: bool
    values: Mapping[str, Any]
    pooled: PooledScores
    confidence: ConfidenceScores
    calibration_over_runs: Mapping[str, ErrorOverRuns] | None
    patients: PatientScores | None
    train: ScoreIntervals | None
    class_totals: Mapping[str, int]
    leakage: tuple[PartOverlap, ...] | None
    complexity: MeasuredComplexity | None

    @property
    def part(self) -> PartScores:
        """Its scores as those of one part of a run; of several seeds a scan counts once."""
        scores, found = self.pooled.scores, self.pooled.intervals
        per_class = scored_classes(scores, found)
        return PartScores(
            classes=scores.classes,
            present=tuple(name for name, own in per_class.items() if own.support),
            scans=self.pooled.scans,
            groups=self.pooled.groups,
            scores=found.overall,
            per_class=per_class,
            confusion=scores.confusion,
            confidence=self.confidence,
            patients=self.patients,
        )

    @property
    def healthy(self) -> frozenset[str]:
        """The classes that its runs take for the one without a tumour: more than one disagree."""
        return frozenset(run.healthy for run in self.runs if run.healthy is not None)
