"""A trained network, from its run or from an exported file, ready for new scans."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax

from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.errors import WeightsError
from brain_tumor.evaluate.predictions import scoring_trainer
from brain_tumor.export.exported import load_exported
from brain_tumor.models.gradcam import gradcam
from brain_tumor.trained.abstention import Unsure, error_steps, least_confidence
from brain_tumor.trained.network import Trained, open_trained
from brain_tumor.trained.operating_point import Chosen
from brain_tumor.trained.out_of_distribution import open_trust

Scans = npt.NDArray[np.uint8]  # `(N, size, size)`, 0-255, cut and harmonised
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """What a network says of scans.

    Attributes:
        probabilities: `(N, classes)`, float64, in [0, 1], calibrated where there is a temperature.
        strangeness: How little each looks like the training scans, `(N,)`, float64; None where the
            model cannot tell.
    """

    probabilities: Values
    strangeness: Values | None


@dataclass(frozen=True)
class Model:
    """A trained network and all that its answers are judged by. Threads may share it.

    Attributes:
        path: The run's folder or the exported file.
        name: Network and checkpoint, for titles.
        classes: Class names, in the order of the probabilities.
        healthy: The class without a tumour; None where there is none.
        chosen: Temperature (already in the probabilities) and operating point.
        crop: How a scan is cut.
        harmonise: What is taken out of it.
        strange_above: Strangeness above which a scan is unlike the training scans; None where the
            model cannot tell.
        sure_from: Confidence below which an answer is unsure; may be infinite.
        sure_fitted: Whether validation scans told it.
        look: Takes `(N, size, size)`, uint8, 0-255, N at least 1.
        heat: Takes such scans and a class number for each, `(N,)`, int64; gives where the network
            sees that class, `(N, size, size)`, float32, 0-1. None for an exported file.
    """

    path: Path
    name: str
    classes: tuple[str, ...]
    healthy: str | None
    chosen: Chosen
    crop: CropSettings
    harmonise: HarmoniseSettings
    strange_above: float | None
    sure_from: float
    sure_fitted: bool
    look: Callable[[Scans], Seen] = field(repr=False)
    heat: Callable[[Scans, npt.NDArray[np.int64]], npt.NDArray[np.float32]] | None = field(
        repr=False
    )


def open_model(
    path: Path,
    ask: Unsure,
    checkpoint: str | None = None,
    accelerator: str = "auto",
    trusted: bool = False,
) -> Model:
    """Open the network of a run, or one that was exported.

    Args:
        path: A run's folder, or a file that `export` wrote.
        ask: When an answer counts as unsure.
        checkpoint: Of a run, `best` or `last`; None takes the one that training scored.
        accelerator: Lightning's name of the device kind; an exported file runs on the CPU.
        trusted: Whether an exported `.pt2` file is known to be harmless.

    Raises:
        ConfigError: There is no such device, or what runs the file is not installed.
        DataError: It is no run folder, or its checkpoint was never scored.
        WeightsError: The checkpoint or the file cannot be loaded.
    """
    path = path.expanduser()
    if path.is_file():
        return _exported(path, ask, trusted)
    device = scoring_trainer(accelerator).strategy.root_device
    return _of_run(open_trained(path, checkpoint), ask, device)


def _of_run(trained: Trained, ask: Unsure, device: torch.device) -> Model:
    network: Any = trained.network.to(device)
    trust, lock = open_trust(trained.scored), Lock()
    temperature = trained.chosen.temperature

    def look(scans: Scans) -> Seen:
        # One pass at a time: it uses every core as it is.
        with lock, torch.inference_mode():
            maps = network.maps(torch.from_numpy(scans).unsqueeze(1).to(device))
            logits = network.classify(maps).double().cpu().numpy()
            features = maps.mean(dim=(2, 3)).float().cpu().numpy()
        if not np.isfinite(logits).all():
            raise WeightsError(
                f"The checkpoint {trained.checkpoint} gives values that are no numbers: take "
                "another one, or train again with a smaller optimizer.lr."
            )
        strangeness = None if trust is None else trust.look(scans, features)
        return Seen(softmax(logits / (temperature or 1.0), axis=1), strangeness)

    def heat(scans: Scans, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        given = torch.from_numpy(scans).unsqueeze(1).to(device)
        with lock:
            found = gradcam(network, given, torch.from_numpy(numbers).to(device))
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
        None if trust is None else trust.threshold,
        ask.unfitted if steps is None else least_confidence(steps, ask),
        steps is not None,
        look,
        heat,
    )


def _exported(path: Path, ask: Unsure, trusted: bool) -> Model:
    found = load_exported(path, trusted)
    facts, trust = found.metadata, found.trust
    chosen = Chosen(facts["temperature"], facts["threshold"], facts["threshold_fitted"])
    steps = facts["error_steps"]

    def look(scans: Scans) -> Seen:
        probabilities, features = found.look(scans[:, None])
        strangeness = None if trust is None else trust.look(scans, features)
        return Seen(probabilities.astype(np.float64), strangeness)

    return Model(
        path,
        f"{facts['model']}, {path.name}",
        found.classes,
        facts["healthy"],
        chosen,
        CropSettings(**facts["crop"]),
        HarmoniseSettings(**facts["harmonise"]),
        None if trust is None else trust.threshold,
        ask.unfitted if steps is None else least_confidence(steps, ask),
        steps is not None,
        look,
        None,
    )
