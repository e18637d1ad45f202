"""A trained network with all that a new scan needs: how it is cut, and what validation chose."""

from dataclasses import dataclass
from pathlib import Path

from brain_tumor.config.arguments import parse_settings, plain_values
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.models.network import Network
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.runs.results.run import RUN
from brain_tumor.trained.operating_point import Chosen


@dataclass(frozen=True)
class Trained:
    """A network as a run left it.

    Attributes:
        run: Its run.
        scored: Folder of `metrics.json` and whatever else the evaluation of its checkpoint left.
        checkpoint: The file that it was loaded from.
        model: Name of the network, such as `gbmnet`.
        network: In evaluation mode, on the CPU: `(N, 1, size, size)` uint8 to logits
            `(N, classes)`.
        classes: In the order of the logits.
        healthy: The class without a tumour; None where there is none.
        chosen: As fitted on validation scans.
        crop: How a scan is cut to its head.
        harmonise: What is taken out of it.
        volume: Which slices of a volume it was trained on, or the default.
    """

    run: RunFolder
    scored: RunFolder
    checkpoint: Path
    model: str
    network: Network
    classes: tuple[str, ...]
    healthy: str | None
    chosen: Chosen
    crop: CropSettings
    harmonise: HarmoniseSettings
    volume: VolumeSettings


def open_trained(folder: Path, checkpoint: str | None = None) -> Trained:
    """Load the network of a run from `best` or `last`; None takes the one that training scored.

    Raises:
        DataError: It is no run folder, or its checkpoint was never scored.
        WeightsError: The checkpoint cannot be loaded.
    """
    run = RunFolder(folder.expanduser())
    config = run.read_config()
    own = RUN.read(run).scored or ""
    path = run.checkpoint(checkpoint or own.removesuffix(".ckpt") or None)
    scored = scored_folder(run, path)
    metrics = METRICS.read(scored)
    classifier = load_classifier(path)
    data = plain_values(config.data, "data")
    point = metrics.operating_point
    return Trained(
        run,
        scored,
        path,
        classifier.network.name,
        classifier.network.eval(),
        classifier.classes,
        point.healthy,
        Chosen(metrics.temperature.value, point.threshold, point.chosen_on is not None),
        parse_settings(CropSettings, data.get("crop"), "data.crop"),
        parse_settings(HarmoniseSettings, data.get("harmonise"), "data.harmonise"),
        parse_settings(VolumeSettings, data.get("volume") or {}, "data.volume"),
    )


def scored_folder(run: RunFolder, checkpoint: Path) -> RunFolder:
    """Give the folder of a checkpoint's evaluation: the run's own for the one training scored."""
    return run if RUN.read(run).scored in (None, checkpoint.name) else run.part(checkpoint.stem)
