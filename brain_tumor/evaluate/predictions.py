"""A checkpoint on the parts of a split: what it says of every scan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import numpy.typing as npt
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from scipy.special import softmax

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import PARTS, Rows
from brain_tumor.engine.interrupt import keyboard_interrupts
from brain_tumor.engine.precision import keep_float32
from brain_tumor.engine.progress import BatchBar
from brain_tumor.errors import ConfigError, DataError, WeightsError
from brain_tumor.models.classifier import TumorClassifier
from brain_tumor.runs.folder import RunFolder


@dataclass(frozen=True)
class Predictions:
    """What a checkpoint says of the scans of one part.

    Attributes:
        rows: Their rows in the prepared set, `(N,)`, int64.
        labels: Class numbers, `(N,)`, int64.
        logits: `(N, classes)`, float64 that hold float32 values, all finite.
        features: Means of the network's last feature maps, `(N, F)`, float32.
    """

    rows: Rows
    labels: Rows
    logits: npt.NDArray[np.float64]
    features: npt.NDArray[np.float32]

    @property
    def predicted(self) -> Rows:
        """Class numbers of the highest logits, `(N,)`, int64."""
        found: Rows = self.logits.argmax(axis=1)
        return found


def predict_parts(
    datamodule: ScanDataModule,
    classifier: TumorClassifier,
    checkpoint: Path,
    trainer: L.Trainer,
    parts: Sequence[str] = PARTS,
) -> dict[str, Predictions]:
    """Let a classifier predict those parts of a split that hold scans.

    Scans are seen in evaluation mode and never augmented, training scans too.

    Raises:
        DataError: The checkpoint knows other classes than the scans have.
        WeightsError: It gives values that are no numbers.
    """
    classes, prepared = classifier.classes, datamodule.prepared
    if classes != prepared.classes:
        raise DataError(
            f"{checkpoint} was trained on the classes {', '.join(classes)}, the scans have "
            f"{', '.join(prepared.classes)}: give the scans it was trained on."
        )
    found = {}
    for part, rows in datamodule.split.parts.items():
        if part not in parts:
            continue
        with keyboard_interrupts(f"the checkpoint is {checkpoint}"):
            batches = trainer.predict(classifier, datamodule.part_dataloader(part)) or []
        provided: list[Any] = [*zip(*batches, strict=True)]  # logits of all batches, and features
        logits, features = (torch.cat(values).cpu().double().numpy() for values in provided)
        odd = np.flatnonzero(~np.isfinite(logits).all(axis=1))
        if len(odd):
            first = prepared.kept[int(rows[odd[0]])].path
            raise WeightsError(
                f"The checkpoint {checkpoint} gives values that are no numbers (NaN or infinite) "
                f"for {len(odd):,} of the {len(rows):,} {part} scans, the first is {first}: take "
                "an earlier checkpoint, or train again with a smaller optimizer.lr."
            )
        found[part] = Predictions(rows, prepared.labels[rows], logits, features.astype(np.float32))
    return found


def scoring_trainer(accelerator: str) -> L.Trainer:
    """Build the Trainer that predicts.

    Raises:
        ConfigError: There is no such device.
    """
    keep_float32()
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
            f"accelerator={accelerator} cannot be used ({error}): accelerator=auto takes the "
            "device that is there."
        ) from error


def write_predictions(
    out: RunFolder,
    datamodule: ScanDataModule,
    predictions: dict[str, Predictions],
    ood_score: Mapping[str, npt.NDArray[np.float64]] | None = None,
) -> None:
    """Write `predictions.csv`: path, part, class, predicted class, patient, logits, probabilities.

    Patients are numbered, never named; the cell is empty where the patient is not known. How little
    each scan looks like the training scans, `(N,)` per part, is a last column where it is given.
    """
    classes, kept = datamodule.prepared.classes, datamodule.prepared.kept
    patients = ["" if patient < 0 else str(patient) for patient in datamodule.prepared.patients]
    lines: list[list[Any]] = []
    for part, found in predictions.items():
        shares = softmax(found.logits, axis=1)
        last = np.empty((len(found.rows), 0)) if ood_score is None else ood_score[part][:, None]
        for row, logits, probabilities, odd in zip(
            found.rows, found.logits, shares, last, strict=True
        ):
            named = [kept[row].path, part, kept[row].label, classes[int(logits.argmax())]]
            named.append(patients[row])
            # Nine significant digits give a float32 back exactly; a probability is for reading.
            cells = [*(f"{x:.9g}" for x in logits), *(f"{x:.7g}" for x in probabilities)]
            lines.append([*named, *cells, *(f"{x:.9g}" for x in odd)])
    header = ["path", "part", "label", "predicted", "patient"]
    header += [f"{kind}_{name}" for kind in ("logit", "probability") for name in classes]
    header += [] if ood_score is None else ["ood_score"]
    out.write_rows("predictions.csv", header, lines)
