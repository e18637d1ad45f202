"""The trials of which the recipe was chosen, mirror images, and the calibration of each fold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from brain_tumor.metrics.uncertainty.intervals import ScoreIntervals, bootstrap_scores
from brain_tumor.metrics.uncertainty.significance import GradedPredictions, paired_bootstrap
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_difference,
    format_interval,
    format_score,
)
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.finished import class_numbers
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.robustness import robustness_file
from experiments.best_patient.flipped import FLIPPED, MIRROR, PLAIN
from experiments.findings import Blocks, Findings, calibration_block, kept_runs
from experiments.kept_table import Line, read_table

SCORE, WEAK = "balanced_accuracy", "meningioma"  # what the goals set beforehand are about
README, TRIALS = (Path(__file__).with_name(name) for name in ("README.md", "trials"))


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    calibration = calibration_block(found.compared["best_patient"])
    tables = {"trials": trials_table(TRIALS), "flipped": flipped_table(read_table(FLIPPED))}
    made = {name: to_markdown(table) for name, table in tables.items()}
    return {README: made | {"calibration": calibration}}


def trials_table(folder: Path) -> DataTable:
    """Lay trials out by what their validation scans say, clean and corrupted."""
    rows = []
    for place in sorted(folder.iterdir()):
        trial = RunFolder(place)
        worse = robustness_file("validation").read(trial).scores
        rows.append(
            [
                str(trial.read_config().name),
                format_interval(worse.clean),
                *map(format_score, worse.by_strength),
                format_interval(worse.mean),
                format_interval(worse.lost),
            ]
        )
    strengths = [f"strength {number}" for number in range(1, 6)]
    columns = ["trial", "balanced accuracy", *strengths, "mean over corruptions", "lost"]
    note = (
        "Validation scans of fold 0 alone; in brackets 95 % intervals over groups of scans. "
        "Balanced accuracy under 14 corruptions, each at five strengths: means over corruptions."
    )
    return DataTable("Trials", columns, rows, note)


def flipped_table(lines: Sequence[Line]) -> DataTable:
    """Lay out what each fold gains by mirror images on validation scans, and then on test scans."""
    classes = sorted({line["label"] for line in lines})
    weak = classes.index(WEAK)
    rows, chosen = [], []
    for run in kept_runs("best_patient"):
        assert run.groups is not None, run.folder
        fold = str(run.fold)
        cells = [fold]
        for part in ("validation", "test"):
            own = [line for line in lines if (line["fold"], line["part"]) == (fold, part)]
            cells += _both_ways(own, classes) if own else [UNKNOWN] * 3
        rows.append(cells)
        # The last part is the test part; where validation scans lose, answers stay as they are.
        kept = run.predictions["test"]
        plain = zip(kept.paths, kept.labels, kept.predicted, strict=True)
        chosen += own or [
            {"label": label, "group": run.groups[path], PLAIN: said, MIRROR: said}
            for path, label, said in plain
        ]
    rows.append(["all", *[UNKNOWN] * 3, *_both_ways(chosen, classes)])
    one, other = (_scored(chosen, way, classes).recalls[weak] for way in (PLAIN, MIRROR))
    recall = f"all, recall of {WEAK}"
    rows.append([recall, *[UNKNOWN] * 3, format_interval(one), format_interval(other), UNKNOWN])
    columns = ["fold"]
    for part in ("validation", "test"):
        columns += [f"{part}: {PLAIN}", MIRROR, "gain"]
    note = (
        "Balanced accuracy, in brackets 95 % intervals over groups of scans, those of gains "
        "paired. Test scans are scored with mirror images only in folds whose validation scans "
        "gain; in the last two rows the other folds answer as they are."
    )
    return DataTable("Each answer together with that to the mirror image", columns, rows, note)


def _both_ways(lines: Sequence[Line], classes: Sequence[str]) -> list[str]:
    scores = [_scored(lines, way, classes).overall[SCORE] for way in (PLAIN, MIRROR)]
    one, other = (_graded(lines, way, classes) for way in (PLAIN, MIRROR))
    gain = paired_bootstrap(one, other, len(classes))[SCORE]
    return [*map(format_interval, scores), format_difference(gain)]


def _scored(lines: Sequence[Line], way: str, classes: Sequence[str]) -> ScoreIntervals:
    own = _graded(lines, way, classes)
    return bootstrap_scores(own.labels, own.predicted, own.groups, len(classes))


def _graded(lines: Sequence[Line], way: str, classes: Sequence[str]) -> GradedPredictions:
    labels, predicted = (
        class_numbers([line[name] for line in lines], classes) for name in ("label", way)
    )
    return GradedPredictions(labels, predicted, np.array([int(line["group"]) for line in lines]))
