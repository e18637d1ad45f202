"""A trained network, from its run or from an exported file, ready for new scans."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax

from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.errors import WeightsError
from brain_tumor.evaluate.predictions import scoring_trainer
from brain_tumor.export.exported import load_exported
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.models.gradcam import gradcam
from brain_tumor.runs.folder import run_of_checkpoint
from brain_tumor.trained.abstention import Abstention, error_steps, least_confidence
from brain_tumor.trained.network import Trained, open_trained
from brain_tumor.trained.operating_point import Chosen
from brain_tumor.trained.out_of_distribution import open_ood_detector

Scans = npt.NDArray[np.uint8]  # `(N, size, size)`, 0-255, cut and harmonised
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ModelOutput:
    """What a network says of scans.

    Attributes:
        probabilities: `(N, classes)`, float64, in [0, 1], calibrated where there is a temperature.
        ood_score: How little each looks like the training scans, `(N,)`, float64; None where the
            model cannot tell.
    """

    probabilities: Values
    ood_score: Values | None


@dataclass(frozen=True)
class Model:
    """A trained network and all that its answers are judged by. Threads may share it.

    Attributes:
        path: The run's folder or the exported file; of several, the first.
        name: Network and checkpoint, for titles.
        classes: Class names, in the order of the probabilities.
        healthy: The class without a tumour; None where there is none.
        chosen: Temperature (already in the probabilities) and operating point.
        crop: How a scan is cut.
        harmonise: What is taken out of it.
        ood_threshold: `ood_score` above which a scan is unlike the training scans; None where the
            model cannot tell.
        confident_from: Confidence below which a prediction is flagged; may be infinite.
        confident_from_validation: Whether validation scans told it.
        predict: Takes `(N, size, size)`, uint8, 0-255, N at least 1.
        cam: Takes such scans and a class number for each, `(N,)`, int64; gives where the network
            sees that class, `(N, size, size)`, float32, 0-1. None for an exported file, and
            for a network without feature maps.
        volume: Which slices of a volume are predicted.
        notes: Sentences that a reader of its answers needs.
        members: Folders of the runs that answer together; none where one answers alone.
    """

    path: Path
    name: str
    classes: tuple[str, ...]
    healthy: str | None
    chosen: Chosen
    crop: CropSettings
    harmonise: HarmoniseSettings
    ood_threshold: float | None
    confident_from: float
    confident_from_validation: bool
    predict: Callable[[Scans], ModelOutput]
    cam: Callable[[Scans, npt.NDArray[np.int64]], npt.NDArray[np.float32]] | None = None
    volume: VolumeSettings = field(default_factory=VolumeSettings)
    notes: tuple[str, ...] = ()
    members: tuple[Path, ...] = ()


def open_model(
    path: Path,
    abstain: Abstention,
    checkpoint: str | None = None,
    accelerator: str = "auto",
    trusted: bool = False,
) -> Model:
    """Open the network of a run, or one that was exported, which runs on the CPU.

    Of a run, `checkpoint` None takes the one that training scored. Of an exported `.pt2` file,
    `trusted` says that it is known to be harmless. WeightsError where it cannot be loaded,
    DataError where it is no run or was never scored, ConfigError where the device or a package is
    missing.
    """
    path = path.expanduser()
    if path.is_file() and run_of_checkpoint(path) is None:
        return _exported(path, abstain, trusted)
    device = scoring_trainer(accelerator).strategy.root_device
    return model_of(open_trained(path, checkpoint), abstain, device)


def model_of(trained: Trained, abstain: Abstention, device: torch.device) -> Model:
    """Make a trained network ready for new scans, on a device."""
    network = trained.network.to(device)
    detector, lock = open_ood_detector(trained.scored), Lock()
    temperature = trained.chosen.temperature

    def predict(scans: Scans) -> ModelOutput:
        # One pass at a time: it uses every core as it is.
        with lock, torch.inference_mode():
            found = network.forward_features(torch.from_numpy(scans).unsqueeze(1).to(device))
            logits = network.forward_head(found).double().cpu().numpy()
            features = network.pool_features(found).float().cpu().numpy()
        if not np.isfinite(logits).all():
            raise WeightsError(
                f"The checkpoint {trained.checkpoint} gives values that are no numbers: take "
                "another one, or train again with a smaller optimizer.lr."
            )
        ood_score = None if detector is None else detector.score(scans, features)
        return ModelOutput(softmax(logits / (temperature or 1.0), axis=1), ood_score)

    def cam(scans: Scans, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        inputs = torch.from_numpy(scans).unsqueeze(1).to(device)
        with lock:
            found = gradcam(network, inputs, torch.from_numpy(numbers).to(device))
        return cast(npt.NDArray[np.float32], found.cpu().numpy())

    steps = error_steps(trained.scored, trained.classes, temperature)
    return Model(
        trained.run.path,
        f"{trained.model}, {trained.checkpoint.name}",
        trained.classes,
        trained.healthy,
        trained.chosen,
        trained.crop,
        trained.harmonise,
        None if detector is None else detector.threshold,
        least_confidence(steps, abstain),
        steps is not None,
        predict,
        cam if network.has_maps else None,
        trained.volume,
    )


def _exported(path: Path, abstain: Abstention, trusted: bool) -> Model:
    found = load_exported(path, trusted)
    facts, detector = found.metadata, found.detector
    chosen = Chosen(facts.temperature, facts.threshold, facts.threshold_fitted)
    steps = facts.error_steps

    def predict(scans: Scans) -> ModelOutput:
        probabilities, features = found.predict(scans[:, None])
        ood_score = None if detector is None else detector.score(scans, features)
        return ModelOutput(probabilities.astype(np.float64), ood_score)

    return Model(
        path,
        f"{facts.model}, {path.name}",
        facts.classes,
        facts.healthy,
        chosen,
        facts.crop,
        facts.harmonise,
        None if detector is None else detector.threshold,
        least_confidence(steps, abstain),
        steps is not None,
        predict,
    )
