"""A checkpoint on corrupted scans: every file that `evaluate robustness=test` adds."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import Rows
from brain_tumor.data.transforms.corruptions import CORRUPTIONS, STRENGTHS, CorruptedDataModule
from brain_tumor.engine.preparation_bar import preparing_bar
from brain_tumor.errors import DataError
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.evaluate.predictions import predict_parts, scoring_trainer
from brain_tumor.evaluate.robustness_figure import robustness_figure
from brain_tumor.metrics.robustness import Robustness, bootstrap_robustness
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.results.robustness import RobustnessResult, robustness_file

FILES = ("robustness_{}.json", "robustness_{}.csv")  # by the part


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
    asked for. Scans are corrupted batch by batch, so memory does not grow with them. Shows a bar on
    a terminal.

    Args:
        out: Where the files go.
        datamodule: Serves the scans.
        checkpoint: What to score.
        accelerator: Lightning's name of the device kind; `auto` picks one.
        settings: How scores are calibrated; its seed is also that of the corruptions.
        model: What the network is called in titles.
        part: `test`, or `validation`, so that an augmentation can be chosen and the test part is
            not looked at.

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

    def predicted(served: ScanDataModule) -> npt.NDArray[np.int64]:
        found = predict_parts(served, classifier, checkpoint, trainer, [part])[part]
        answers: npt.NDArray[np.int64] = found.logits.argmax(axis=1).astype(np.int64)
        return answers

    corrupted: dict[str, list[npt.NDArray[np.int64]]] = {name: [] for name in CORRUPTIONS}
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
