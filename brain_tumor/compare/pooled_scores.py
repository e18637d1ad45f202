"""Settings, scored: the test predictions of all runs that differ in fold and seed alone, pooled."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from brain_tumor.compare.compared import ComparedRun, MissingFolds, PooledRunGroup
from brain_tumor.compare.page.differences import differing_keys, setting_title
from brain_tumor.compare.run_calibration import calibration_over_runs
from brain_tumor.compare.settings import RunGroup, joined_groups
from brain_tumor.data.split import TEST, VALIDATION
from brain_tumor.evaluate.part_scores import (
    ScoringSettings,
    score_confidence,
    score_part_patients,
)
from brain_tumor.metrics.arrays import Labels
from brain_tumor.metrics.patients import PatientScores
from brain_tumor.metrics.uncertainty.folds import pool_runs
from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals, bootstrap_scores
from brain_tumor.metrics.uncertainty.significance import GradedPredictions
from brain_tumor.runs.finished import FinishedRun, class_numbers
from brain_tumor.trained.operating_point import (
    CalibratedPredictions,
    Chosen,
    calibrate,
    choose,
    join,
)


def compare_settings(
    gathered: Sequence[RunGroup], scoring: ScoringSettings
) -> tuple[PooledRunGroup, ...]:
    """Score each setting; each run has its own healthy class where that of `scoring` is None.

    Raises:
        DataError: Runs of one setting disagree about groups.
    """
    differences = differing_keys([members[0].setting for members in gathered])
    return tuple(
        _compared(members, number, differs, scoring)
        for number, (members, differs) in enumerate(zip(gathered, differences, strict=True), 1)
    )


def _healthy(run: FinishedRun, scoring: ScoringSettings) -> str | None:
    """Give the class without a tumour; None where the run's classes have none."""
    name = run.healthy if scoring.healthy is None else scoring.healthy
    return name if name in run.classes else None


def _chosen(run: FinishedRun, scoring: ScoringSettings) -> Chosen:
    """Fit what the run's own validation scans decide, for all runs by the same rule."""
    found = run.predictions.get(VALIDATION)
    provided = None if found is None else (class_numbers(found.labels, run.classes), found.logits)
    own = replace(scoring, healthy=_healthy(run, scoring))
    return choose(provided, own.healthy_number(run.classes), scoring.least_sensitivity)


def _compared(
    members: RunGroup, number: int, differs: Mapping[str, str], scoring: ScoringSettings
) -> PooledRunGroup:
    first, tests = members[0], [run.predictions[TEST] for run in members]
    model, split = str(first.setting["model.name"]), str(first.setting["split.name"])
    passes: dict[tuple[int, int], list[FinishedRun]] = {}
    for run in members:
        passes.setdefault(run.seeds, []).append(run)
    tested = {frozenset(path for run in runs for path in run.test) for runs in passes.values()}
    expected = first.setting.get("split.folds")
    folds = {run.fold for run in members if run.fold is not None}
    missing = [
        MissingFolds(runs[0].seed, runs[0].split_seed, tuple(sorted(lacking)))
        for runs in passes.values()
        if (lacking := set(range(expected or 0)) - {run.fold for run in runs})
    ]
    groups = joined_groups(members)
    numbered = _group_numbers(groups, [one.paths for one in tests])
    fitted = [_chosen(run, scoring) for run in members]
    names = {_healthy(run, scoring) for run in members}
    agreed = replace(scoring, healthy=names.pop() if len(names) == 1 else None)
    healthy = agreed.healthy_number(first.classes)
    runs = [
        calibrate(class_numbers(one.labels, first.classes), one.logits, own, healthy, chosen)
        for one, own, chosen in zip(tests, numbered, fitted, strict=True)
    ]
    calibrated, repeats = join(runs), list(passes)
    graded = {
        (repeats.index(run.seeds), run.fold or 0): GradedPredictions(
            own.labels, class_numbers(one.predicted, first.classes), own.groups
        )
        for run, one, own in zip(members, tests, runs, strict=True)
    }
    leaks = [run.metrics.leakage for run in members if run.metrics is not None]
    known = tuple(leak for leak in leaks if leak is not None)
    totals: Counter[str] = Counter()
    for sizes in first.part_sizes.values():
        totals.update(sizes)
    return PooledRunGroup(
        number=number,
        model=model,
        split=split,
        title=setting_title(number, model, split, differs),
        differs=differs,
        runs=tuple(
            _run(run, chosen, _healthy(run, scoring))
            for run, chosen in zip(members, fitted, strict=True)
        ),
        seeds=len(passes),
        folds=tuple(sorted(folds)) or None,
        folds_expected=expected,
        missing=tuple(missing),
        same_scans=len(tested) == 1,
        grouped=groups is not None,
        values=first.setting,
        pooled=pool_runs(
            graded, len(frozenset().union(*tested)), first.classes, scoring.resampling
        ),
        confidence=score_confidence(calibrated, first.classes, agreed),
        calibration_over_runs=calibration_over_runs(runs, scoring.bins),
        patients=_by_patient(members, repeats, calibrated, scoring),
        train=None if folds else _train(members, groups, scoring),
        class_totals=dict(totals),
        leakage=known if len(known) == len(members) else None,
        complexity=first.complexity,
    )


def _run(run: FinishedRun, chosen: Chosen, healthy: str | None) -> ComparedRun:
    return ComparedRun(
        folder=str(run.folder),
        fold=run.fold,
        seed=run.seed,
        split_seed=run.split_seed,
        test_scans=len(run.test),
        training_scans=sum(run.part_sizes.get("train", {}).values()),
        epochs=run.record.epochs,
        training_accuracy=next(reversed(run.history.get("train/accuracy", ())), None),
        healthy=healthy,
        temperature=chosen.temperature,
        threshold=chosen.threshold,
        record=run.record,
    )


def _group_numbers(groups: Mapping[str, str] | None, runs: Sequence[Sequence[str]]) -> list[Labels]:
    """Number the groups of each run's scans, the same group alike in every run.

    Without `groups` (by path) every scan is its own.
    """
    named = [[groups[path] if groups else path for path in paths] for paths in runs]
    # Labels in their own order, so that the draws for one run are those of its metrics.json.
    names = sorted({name for own in named for name in own}, key=lambda name: (len(name), name))
    numbers = {name: number for number, name in enumerate(names)}
    return [np.array([numbers[name] for name in own], np.int64) for own in named]


def _by_patient(
    members: RunGroup,
    passes: Sequence[tuple[int, int]],
    calibrated: CalibratedPredictions,
    scoring: ScoringSettings,
) -> PatientScores | None:
    patients = [run.predictions["test"].patients for run in members]
    known = [own for own in patients if own is not None]
    if len(known) < len(patients):
        return None
    repeats = [np.full(len(run.test), passes.index(run.seeds)) for run in members]
    return score_part_patients(
        calibrated, np.concatenate(known), members[0].classes, scoring, np.concatenate(repeats)
    )


def _train(
    members: RunGroup, groups: Mapping[str, str] | None, scoring: ScoringSettings
) -> ScoreIntervals | None:
    """Score the training parts of runs that differ in their seeds alone."""
    parts = [run.predictions.get("train") for run in members]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    first = members[0]
    labels, predicted = (
        class_numbers([name for part in known for name in getattr(part, kind)], first.classes)
        for kind in ("labels", "predicted")
    )
    numbered = np.concatenate(_group_numbers(groups, [part.paths for part in known]))
    return bootstrap_scores(
        labels, predicted, numbered, len(first.classes), resampling=scoring.resampling
    )
