"""A checkpoint on corrupted scans: what `evaluate robustness=test` writes and prints."""

from pathlib import Path

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import Rows
from brain_tumor.data.transforms.corruptions import CORRUPTIONS, STRENGTHS, CorruptedDataModule
from brain_tumor.engine.preparation_bar import preparing_bar
from brain_tumor.errors import DataError
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.evaluate.predictions import predict_parts, scoring_trainer
from brain_tumor.metrics.robustness import bootstrap_robustness
from brain_tumor.rendering.numbers import format_interval, format_score
from brain_tumor.rendering.page import DataTable
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.results.robustness import RobustnessResult, robustness_file


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
    part: str,
) -> RobustnessResult:
    """Score a checkpoint on a part, clean and under every corruption at every strength.

    Writes `robustness_<part>.json`. Scans are corrupted batch by batch, so memory does not grow
    with them. The seed of `settings` is also that of the corruptions; `part` can be `validation`,
    so that an augmentation can be chosen and the test part is not looked at. Shows a bar on a
    terminal.

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
    scores = bootstrap_robustness(
        prepared.labels[rows],
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
    return result


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
