"""A checkpoint on corrupted scans: every file that `evaluate robustness=test` adds."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brain_tumor.data.corrupted import CorruptedDataModule
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import Rows
from brain_tumor.data.transforms.corruptions import CORRUPTIONS, STRENGTHS
from brain_tumor.engine.preparation_bar import preparing_bar
from brain_tumor.errors import DataError
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.evaluate.predictions import predict_parts, scoring_trainer
from brain_tumor.evaluate.robustness_figure import robustness_figure
from brain_tumor.metrics.robustness import bootstrap_robustness
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier

Record = dict[str, Any]

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
) -> Record:
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

    Returns:
        The content of `robustness_<part>.json`.

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
    found = asdict(
        bootstrap_robustness(
            labels,
            clean,
            corrupted,
            prepared.groups[rows],
            len(prepared.classes),
            resamples=settings.resamples,
            seed=settings.seed,
            level=settings.level,
        )
    )
    record: Record = {
        "checkpoint": checkpoint.name,
        "part": part,
        "bootstrap": {
            "resamples": settings.resamples,
            "level": settings.level,
            "seed": settings.seed,
        },
        "scans": found["scans"],
        "groups": found["groups"],
        "clean": {"accuracy": found["clean_accuracy"], "balanced_accuracy": found["clean"]},
        **{name: found[name] for name in ("by_strength", "mean", "lost")},
        "corruptions": {
            name: {"values": {key: list(own) for key, own in CORRUPTIONS[name].values.items()}}
            | scores
            for name, scores in found["corruptions"].items()
        },
    }
    numbers, table = (name.format(part) for name in FILES)
    out.write_json(numbers, record)
    out.write_rows(
        table, ("corruption", "strength", "accuracy", "balanced_accuracy"), _rows(record)
    )
    if settings.figures:
        title = f"{model}, {part}, corrupted: {len(rows):,} scans"
        figure = robustness_figure(record, 1 / len(np.unique(labels)), title)
        save_figure(figure, out.write_figure, f"robustness_{part}")
    return record


def _rows(record: Record) -> list[tuple[str, int, float, float]]:
    clean = record["clean"]
    rows = [("clean", 0, clean["accuracy"], clean["balanced_accuracy"]["value"])]
    for name, own in record["corruptions"].items():
        scores = zip(STRENGTHS, own["accuracy"], own["balanced_accuracy"], strict=True)
        rows += [(name, *each) for each in scores]
    return rows
