"""A setting of a comparison, and a comparison of such, with made-up numbers."""

from dataclasses import replace
from typing import Any

from brain_tumor.compare.compared import ComparedRun, PooledRunGroup
from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.page.differences import setting_title
from brain_tumor.metrics.detection import DetectionScores
from brain_tumor.metrics.probabilities import ProbabilityScores
from brain_tumor.metrics.scores import ClassScores, Scores
from brain_tumor.metrics.uncertainty.bootstrap import Interval, Resampling
from brain_tumor.metrics.uncertainty.folds import PooledScores
from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals
from brain_tumor.runs.provenance import Provenance
from brain_tumor.runs.results.run import ParameterCounts, RunData, RunRecord
from brain_tumor.runs.results.scores import ConfidenceScores, RiskAtCoverage

MADE = {"command": ("x",), "versions": {}, "machine": "", "hardware": {}}
MADE |= {"git": None, "git_dirty": None}
RECORD = RunRecord(
    **MADE,
    started="2026-01-02T03:04:05+00:00",
    device="CPU",
    threads=1,
    parameters=ParameterCounts(1, 1),
    seed=0,
    data=RunData("mri", "a1b2", "gone"),
    status="finished",
)
SOFT = ("nll", "brier", "ece_equal_width", "ece_equal_mass", "macro_roc_auc")


def interval(value: float, wide: float = 0.1) -> Interval:
    return Interval(value, value - wide, value + wide)


def run(**values: Any) -> ComparedRun:
    one = ComparedRun("runs/a", None, 0, None, 1234, 4941, 200, 0.95, "notumor", None, 0.5, RECORD)
    return replace(one, **values)


def probabilities(value: Interval = interval(0.3)) -> ProbabilityScores:  # noqa: B008 (frozen)
    return ProbabilityScores(dict.fromkeys(SOFT, value), {}, ())


# Two classes, of which the second has no scan.
POOLED = PooledScores(
    scans=1234,
    groups=200,
    scores=Scores(
        classes=("glioma", "notumor"),
        scans=1234,
        overall={"accuracy": 0.6, "balanced_accuracy": 0.61, "macro_f1": 0.62},
        per_class={
            "glioma": ClassScores(0.75, 0.6, 0.667, 1234),
            "notumor": ClassScores(None, None, None, 0),
        },
        confusion=((740, 494), (0, 0)),
    ),
    intervals=ScoreIntervals(
        overall={
            "accuracy": interval(0.6),
            "balanced_accuracy": interval(0.61),
            "macro_f1": interval(0.62),
        },
        precisions=(interval(0.75), None),
        recalls=(interval(0.6), None),
        f1s=(interval(0.667), None),
    ),
    least_recall=None,
    over_folds=None,
    over_seeds=None,
)


def setting(**values: Any) -> PooledRunGroup:
    """Make a setting of four folds; its title follows from its number, model and the like."""
    one = PooledRunGroup(
        number=1,
        model="gbmnet",
        split="patient",
        title="",
        differs={},
        runs=(run(),),
        seeds=1,
        folds=(0, 1, 2, 3),
        folds_expected=4,
        missing=(),
        same_scans=True,
        grouped=True,
        values={},
        pooled=POOLED,
        confidence=ConfidenceScores(
            probabilities(),
            None,
            DetectionScores(None, 9, 1, 0, 0, interval(0.9), None),
            RiskAtCoverage(0.1, {"1": 0.4, "0.8": 0.25}),
        ),
        calibration_over_runs=None,
        patients=None,
        train=None,
        class_totals={},
        leakage=None,
        complexity=None,
    )
    one = replace(one, **values)
    return replace(one, title=setting_title(one.number, one.model, one.split, one.differs))


def comparison(*settings: PooledRunGroup, level: float = 0.95, **values: Any) -> Comparison:
    """Compare settings, which are numbered in their order."""
    numbered = [
        replace(own, number=number, title=setting_title(number, own.model, own.split, own.differs))
        for number, own in enumerate(settings, 1)
    ]
    return replace(
        Comparison(
            Provenance(**MADE),
            Resampling(100, level, 0),
            tuple(numbered),
            (),
            (),
            (),
            "patient",
            (),
        ),
        **values,
    )
