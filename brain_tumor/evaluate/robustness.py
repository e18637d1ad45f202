"""A checkpoint on corrupted scans: what `evaluate robustness=test` writes and prints."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import Rows
from brain_tumor.data.transforms.corruptions import CORRUPTIONS, STRENGTHS, CorruptedDataModule
from brain_tumor.engine.preparation_bar import preparing_bar
from brain_tumor.errors import DataError
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.evaluate.predictions import predict_parts, scoring_trainer
from brain_tumor.metrics.robustness import Robustness, bootstrap_robustness
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.rendering.charts.style import COLOURS, SOFT, dress, legend_below, new_figure
from brain_tumor.rendering.numbers import format_interval, format_score
from brain_tumor.rendering.page import DataTable
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.results.robustness import RobustnessResult, robustness_file

FILES = ("robustness_{}.json", "robustness_{}.csv")  # by the part
COLUMNS = 7
_OWN: dict[str, Any] = {"color": COLOURS[0], "marker": "o", "markersize": 3.5, "linewidth": 1.4}
_MEAN: dict[str, Any] = {"color": SOFT, "linewidth": 1}
_CHANCE: dict[str, Any] = {"color": SOFT, "linewidth": 1, "linestyle": ":"}


def rows_to_corrupt(datamodule: ScanDataModule, part: str) -> Rows:
    """Give the rows of a part in the prepared set.

    Raises:
        DataError: The split has no such part.
    """
    rows = datamodule.split.parts.get(part)
    if rows is None:
        raise DataError(
            f"There are no {part} scans to corrupt: give robustness=test (scans of another origin "
            "are all test scans), or take a run that was trained with a validation part "
            "(split.validation_fraction=0.15)."
        )
    return rows


def evaluate_robustness(
    out: RunFolder,
    datamodule: ScanDataModule,
    checkpoint: Path,
    accelerator: str,
    settings: ScoringSettings,
    model: str,
    part: str,
) -> RobustnessResult:
    """Score a checkpoint on a part, clean and under every corruption at every strength.

    Writes `robustness_<part>.json` and `.csv`, and such a picture in `figures/` where pictures are
    asked for. Scans are corrupted batch by batch, so memory does not grow with them. The seed of
    `settings` is also that of the corruptions; `part` can be `validation`, so that an augmentation
    can be chosen and the test part is not looked at. Shows a bar on a terminal.

    Raises:
        ConfigError: There is no such device.
        DataError: The split has no such part, or the checkpoint knows other classes than the scans
            have.
        WeightsError: The checkpoint cannot be loaded, or gives values that are no numbers.
    """
    rows, prepared = rows_to_corrupt(datamodule, part), datamodule.prepared
    classifier, trainer = load_classifier(checkpoint), scoring_trainer(accelerator)
    bar = trainer.progress_bar_callback
    if bar is not None:  # one for all, instead of one for each strength
        bar.disable()

    def predicted(served: ScanDataModule) -> Rows:
        return predict_parts(served, classifier, checkpoint, trainer, [part])[part].predicted

    corrupted: dict[str, list[Rows]] = {name: [] for name in CORRUPTIONS}
    conditions = [(name, strength) for name in CORRUPTIONS for strength in STRENGTHS]
    with preparing_bar() as progress:
        progress("clean scans", 0, len(conditions))
        clean = predicted(datamodule)
        for done, (name, strength) in enumerate(conditions):
            progress(f"{name}, strength {strength}", done, len(conditions))
            served = CorruptedDataModule(datamodule, name, strength, settings.seed)
            corrupted[name].append(predicted(served))
    labels = prepared.labels[rows]
    scores = bootstrap_robustness(
        labels,
        clean,
        corrupted,
        prepared.groups[rows],
        len(prepared.classes),
        resampling=settings.resampling,
    )
    result = RobustnessResult(
        checkpoint.name,
        part,
        settings.resampling,
        scores,
        {
            name: {value: tuple(steps) for value, steps in own.values.items()}
            for name, own in CORRUPTIONS.items()
        },
    )
    robustness_file(part).write(out, result)
    columns = ("corruption", "strength", "accuracy", "balanced_accuracy")
    out.write_rows(FILES[1].format(part), columns, _rows(scores))
    if settings.figures:
        title = f"{model}, {part}, corrupted: {len(rows):,} scans"
        figure = robustness_figure(scores, 1 / len(np.unique(labels)), title)
        save_figure(figure, out.write_figure, f"robustness_{part}")
    return result


def _rows(scores: Robustness) -> list[tuple[str, int, float, float]]:
    rows = [("clean", 0, scores.clean_accuracy, scores.clean.value)]
    for name, own in scores.corruptions.items():
        each = zip(STRENGTHS, own.accuracy, own.balanced_accuracy, strict=True)
        rows += [(name, *one) for one in each]
    return rows


def robustness_table(result: RobustnessResult, title: str) -> DataTable:
    """Lay out balanced accuracy by corruption and strength."""
    scores = result.scores
    strengths = range(1, len(scores.by_strength) + 1)
    rows = [
        [
            name,
            format_score(scores.clean.value),
            *map(format_score, found.balanced_accuracy),
            format_interval(found.mean),
        ]
        for name, found in scores.corruptions.items()
    ]
    each = map(format_score, scores.by_strength)
    rows.append(["all", format_interval(scores.clean), *each, format_interval(scores.mean)])
    note = (
        f"Balanced accuracy of {scores.scans:,} scans, clean and at five strengths of each "
        f"corruption. In brackets {100 * result.bootstrap.level:g} % intervals from "
        f"{scores.groups:,} resampled groups of scans. Lost on average: "
        f"{format_interval(scores.lost)}."
    )
    columns = ["corruption", "clean", *map(str, strengths), "mean"]
    return DataTable(title, columns, rows, note, sections=[len(rows) - 1])


def robustness_figure(scores: Robustness, chance: float, title: str) -> Figure:
    """Draw balanced accuracy over the strength, a panel for each corruption, worst loss first.

    `chance` is the balanced accuracy of guessing, in [0, 1].
    """
    clean = scores.clean.value
    found = sorted(scores.corruptions.items(), key=lambda item: item[1].mean.value)
    rows = math.ceil(len(found) / COLUMNS)
    figure = new_figure(10.4, 1.0 + 1.8 * rows, title)
    grid = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).flatten()
    for axes in grid[len(found) :]:
        axes.remove()
    strengths = range(len(scores.by_strength) + 1)
    mean = [clean, *scores.by_strength]
    for place, (axes, (name, own)) in enumerate(zip(grid, found, strict=False)):
        axes.axhline(chance, **_CHANCE)
        axes.plot(strengths, mean, **_MEAN)
        axes.plot(strengths, [clean, *own.balanced_accuracy], **_OWN)
        last_row = place + COLUMNS >= len(found)
        dress(
            axes,
            "strength" if last_row else "",
            "" if place % COLUMNS else "balanced accuracy",
            name,
        )
        axes.set_xticks(strengths)
        axes.tick_params(labelbottom=last_row)
        axes.set_ylim(0, 1.02)
    legend_below(
        figure,
        [
            Line2D([], [], label="this corruption; strength 0 is the clean scan", **_OWN),
            Line2D([], [], label="mean over all", **_MEAN),
            Line2D([], [], label="guessing", **_CHANCE),
        ],
    )
    return figure
