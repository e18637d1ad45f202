"""Probes: what may crash or hang, each a function that runs in a child process."""

import json
import os
import sys
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from brain_tumor.doctor.child import PREFIX
from brain_tumor.doctor.found import BuiltNetwork, Device, Failure, FoundScans, Library, Torch
from brain_tumor.errors import BrainTumorError, WeightsError

Settings = Mapping[str, Any]


def probe_torch(settings: Settings) -> Torch:
    """Import torch."""
    import torch

    threads = torch.get_num_threads()
    return Torch(torch.__version__, torch.version.cuda, threads)


def probe_torchvision(settings: Settings) -> Library:
    """Import torchvision and call a compiled operator, which a build for another torch lacks."""
    import torch
    import torchvision

    torchvision.ops.nms(torch.zeros(1, 4), torch.ones(1), 0.5)
    return Library(torchvision.__version__)


def probe_network(settings: Settings) -> BuiltNetwork:
    """Build the network and load its weights as a run does; download nothing."""
    from brain_tumor.config.data_settings import data_settings
    from brain_tumor.config.network import check_network
    from brain_tumor.config.source import build_source
    from brain_tumor.models.registry import build_network, trial_device
    from brain_tumor.trust import trusting

    model, data = settings["model"], settings["data"]
    weights = model.get("weights") or "none"
    options = {key: value for key, value in model.items() if key != "weights"}
    with trusting(settings.get("trust")):
        classes = len(data["classes"] or build_source(data_settings(data)).classes)
        with trial_device(options):  # without memory
            network = build_network(classes, **options)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        found = BuiltNetwork(parameters, weights, download=False)
        if weights == "imagenet":
            file = network.published_weights()
            there = file is not None and file.is_file()
            found = BuiltNetwork(parameters, None if file is None else str(file), not there)
        if not found.download:
            options["weights"] = model.get("weights")
        try:
            check_network(options, classes, data["crop"]["size"])
        except WeightsError as error:
            if weights != "imagenet":
                raise
            raise WeightsError(f"{file} is damaged: delete it to download it again.") from error
    return found


def probe_device(settings: Settings) -> Device:
    """Choose the device as Lightning does, and compare a small computation with the CPU's."""
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cuda = torch.cuda.is_available()
    gpu = "cuda" if cuda else "mps" if torch.backends.mps.is_available() else None
    accelerator = settings["trainer"]["accelerator"]
    kind = {"auto": gpu or "cpu", "gpu": gpu}.get(accelerator, accelerator)
    reason = " ".join(str(warning.message) for warning in caught)
    if kind is None or kind not in ("cpu", gpu):
        return Device(kind, False, reason)
    found = Device(kind, True, reason)
    if kind == "cuda":
        name, count = torch.cuda.get_device_name(), torch.cuda.device_count()
        found = replace(found, name=name, count=count, free=torch.cuda.mem_get_info()[0])
    if kind == "cpu":
        from brain_tumor.engine.precision import cpu_has_bf16

        found = replace(found, bf16=cpu_has_bf16())
    difference = float((_gradient(kind) - _gradient("cpu")).abs().max())
    return replace(found, difference=difference)


def _gradient(device: str) -> Any:
    import torch
    from torch.nn.functional import conv2d, max_pool2d

    generator = torch.Generator().manual_seed(0)
    scans = torch.rand((2, 1, 16, 16), generator=generator).to(device)
    kernel = torch.rand((4, 1, 3, 3), generator=generator).to(device).requires_grad_()
    loss = max_pool2d(conv2d(scans, kernel, padding=1), 2).square().mean()
    return torch.autograd.grad(loss, kernel)[0].cpu()


def probe_opencv(settings: Settings) -> Library:
    """Import OpenCV."""
    import cv2

    return Library(cv2.__version__)


def probe_scans(settings: Settings) -> FoundScans:
    """Count the raw scans; download and draw nothing."""
    from brain_tumor.config.data_settings import data_settings
    from brain_tumor.config.source import build_source
    from brain_tumor.data.sources.kaggle import differing_counts

    data = data_settings(settings["data"])
    downloaded = not data.root and data.source == "kaggle"
    if downloaded and data.kaggle is not None:
        root = kaggle_folder(data.kaggle.handle, data.kaggle.version)
        if root is None:
            return FoundScans(download=data.kaggle.handle)
        data = replace(data, root=str(root))
    if data.source == "phantom" and not Path(str(data.root)).expanduser().exists():
        return FoundScans(str(data.root), draw=True)
    source = build_source(replace(data, source="folder") if data.source == "phantom" else data)
    scans = list(source.scans())
    counts = Counter((scan.part, scan.label) for scan in scans)
    return FoundScans(
        str(source.root),
        downloaded=downloaded,
        counts=dict(Counter(scan.part or "in no published part" for scan in scans)),
        differing=differing_counts(counts, data.kaggle.known if data.kaggle else {}),
    )


def kaggle_folder(handle: str, version: int | str) -> Path | None:
    """Find a complete download in kagglehub's cache, whose import would open a network session."""
    cache = Path(os.environ.get("KAGGLEHUB_CACHE") or "~/.cache/kagglehub").expanduser()
    place = cache / "datasets" / handle
    wanted = "*" if version == "latest" else str(version)
    complete = [path.stem for path in place.glob(f"{wanted}.complete") if path.stem.isdigit()]
    return place / "versions" / max(complete, key=int) if complete else None


def main() -> None:
    """Run the probes named on the command line, up to the first that fails."""
    settings = json.load(sys.stdin)
    for name in sys.argv[1:]:
        try:
            found = globals()[f"probe_{name}"](settings)
        except Exception as error:
            kind = type(error).__name__
            message = str(error) if isinstance(error, BrainTumorError) else f"{kind}: {error}"
            found = Failure(message, kind)
        print(PREFIX + json.dumps([name, asdict(found)]), flush=True)
        if isinstance(found, Failure):
            break


if __name__ == "__main__":
    main()
