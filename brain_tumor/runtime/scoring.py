"""A checkpoint on the parts of a split: predictions, scores, and the files that hold them."""

from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from matplotlib.figure import Figure

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.errors import ConfigError, DataError, WeightsError
from brain_tumor.evaluation.scores import score
from brain_tumor.models.classifier import TumorClassifier
from brain_tumor.report.figures import confusion_figure
from brain_tumor.runtime.interrupt import keyboard_interrupts
from brain_tumor.runtime.progress import BatchBar
from brain_tumor.runtime.run_folder import RunFolder

Scores = dict[str, dict[str, Any]]


def load_classifier(checkpoint: Path) -> TumorClassifier:
    """Load a classifier from a checkpoint, on the CPU and in evaluation mode.

    Raises:
        WeightsError: The file is damaged or no checkpoint of ours.
    """
    try:
        classifier = TumorClassifier.load_from_checkpoint(
            checkpoint, map_location="cpu", weights_only=True
        )
    except Exception as error:  # torch, pickle and zip each have their own kinds
        raise WeightsError(
            f"The checkpoint {checkpoint} cannot be loaded ({type(error).__name__}): take another "
            "checkpoint, or train again."
        ) from error
    return classifier.eval()


def score_run(
    out: RunFolder, datamodule: ScanDataModule, checkpoint: Path, accelerator: str
) -> Scores:
    """Score a checkpoint on every part and write `predictions.csv` and `metrics.json`.

    Scans are scored in evaluation mode and never augmented, training scans too.

    Args:
        out: Where the files go.
        datamodule: Serves the parts.
        checkpoint: What to score.
        accelerator: Lightning's name of the device kind; `auto` picks one.

    Returns:
        Per part, what `metrics.json` holds.

    Raises:
        ConfigError: There is no such device.
        DataError: The checkpoint knows other classes than the scans have.
        WeightsError: The checkpoint cannot be loaded.
    """
    classifier = load_classifier(checkpoint)
    classes, prepared = classifier.classes, datamodule.prepared
    if classes != prepared.classes:
        raise DataError(
            f"{checkpoint} was trained on the classes {', '.join(classes)}, the scans have "
            f"{', '.join(prepared.classes)}: give the scans it was trained on."
        )
    trainer = _scoring_trainer(accelerator)
    kept = prepared.kept
    scores: Scores = {}
    lines: list[list[Any]] = []
    for part, rows in datamodule.split.parts.items():
        with keyboard_interrupts(f"the checkpoint is {checkpoint}"):
            batches = trainer.predict(classifier, datamodule.part_dataloader(part)) or []
        logits = torch.cat([torch.as_tensor(batch) for batch in batches]).cpu().double()
        predicted = logits.argmax(dim=1).numpy()
        scores[part] = score(prepared.labels[rows], predicted, classes).to_dict()
        values = torch.cat((logits, logits.softmax(dim=1)), dim=1).tolist()
        for row, choice, numbers in zip(rows, predicted, values, strict=True):
            named = (kept[row].path, part, kept[row].label, classes[choice])
            # Seven significant digits: what a float32 holds.
            lines.append([*named, *(f"{number:.7g}" for number in numbers)])
    header = ["path", "part", "label", "predicted"]
    header += [f"{kind}_{name}" for kind in ("logit", "probability") for name in classes]
    out.write_rows("predictions.csv", header, lines)
    out.write_json("metrics.json", {"checkpoint": checkpoint.name, "parts": scores})
    return scores


def _scoring_trainer(accelerator: str) -> L.Trainer:
    try:
        return L.Trainer(
            accelerator=accelerator,
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            callbacks=[BatchBar()],
        )
    except (ImportError, ValueError, MisconfigurationException) as error:
        raise ConfigError(
            f"accelerator={accelerator} cannot be used ({error}): auto takes the device that is "
            "there."
        ) from error


def draw_confusion(out: RunFolder, scores: Scores, model: str) -> dict[str, Figure]:
    """Draw each part's confusion matrix and write it to `figures/confusion_<part>.png`."""
    out.figures.mkdir(exist_ok=True)
    figures = {}
    for part, values in scores.items():
        title = f"{model}, {part}: {values['scans']:,} scans"
        figures[part] = confusion_figure(values["confusion"], values["classes"], title)
        figures[part].savefig(out.figures / f"confusion_{part}.png")
    return figures
