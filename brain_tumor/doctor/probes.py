"""Probes: what may crash or hang, each a function that runs in a child process."""

import json
import os
import sys
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from brain_tumor.doctor.child import PREFIX, Result
from brain_tumor.errors import BrainTumorError, WeightsError

Settings = Mapping[str, Any]


def probe_torch(settings: Settings) -> Result:
    """Import torch."""
    import torch

    threads = torch.get_num_threads()
    return {"version": torch.__version__, "cuda": torch.version.cuda, "threads": threads}


def probe_torchvision(settings: Settings) -> Result:
    """Import torchvision and call a compiled operator, which a build for another torch lacks."""
    import torch
    import torchvision

    torchvision.ops.nms(torch.zeros(1, 4), torch.ones(1), 0.5)
    return {"version": torchvision.__version__}


def probe_network(settings: Settings) -> Result:
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
        result = {"parameters": parameters, "weights": weights, "download": False}
        if weights == "imagenet":
            file = network.published_weights()
            there = file is not None and file.is_file()
            result |= {"weights": None if file is None else str(file), "download": not there}
        if not result["download"]:
            options["weights"] = model.get("weights")
        try:
            check_network(options, classes, data["crop"]["size"])
        except WeightsError as error:
            if weights != "imagenet":
                raise
            raise WeightsError(f"{file} is damaged: delete it to download it again.") from error
    return result


def probe_device(settings: Settings) -> Result:
    """Choose the device as Lightning does, and compare a small computation with the CPU's."""
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cuda = torch.cuda.is_available()
    gpu = "cuda" if cuda else "mps" if torch.backends.mps.is_available() else None
    accelerator = settings["trainer"]["accelerator"]
    kind = {"auto": gpu or "cpu", "gpu": gpu}.get(accelerator, accelerator)
    reason = " ".join(str(warning.message) for warning in caught)
    result: Result = {"kind": kind, "available": kind in ("cpu", gpu), "reason": reason}
    if kind is None or not result["available"]:
        return result | {"available": False}
    if kind == "cuda":
        result |= {"name": torch.cuda.get_device_name(), "count": torch.cuda.device_count()}
        result["free"] = torch.cuda.mem_get_info()[0]
    if kind == "cpu":
        from brain_tumor.engine.precision import cpu_has_bf16

        result["bf16"] = cpu_has_bf16()
    result["difference"] = float((_gradient(kind) - _gradient("cpu")).abs().max())
    return result


def _gradient(device: str) -> Any:
    import torch
    from torch.nn.functional import conv2d, max_pool2d

    generator = torch.Generator().manual_seed(0)
    scans = torch.rand((2, 1, 16, 16), generator=generator).to(device)
    kernel = torch.rand((4, 1, 3, 3), generator=generator).to(device).requires_grad_()
    loss = max_pool2d(conv2d(scans, kernel, padding=1), 2).square().mean()
    return torch.autograd.grad(loss, kernel)[0].cpu()


def probe_opencv(settings: Settings) -> Result:
    """Import OpenCV."""
    import cv2

    return {"version": cv2.__version__}


def probe_scans(settings: Settings) -> Result:
    """Count the raw scans; download and draw nothing."""
    from brain_tumor.config.data_settings import data_settings
    from brain_tumor.config.source import build_source
    from brain_tumor.data.sources.kaggle import differing_counts

    data = data_settings(settings["data"])
    downloaded = not data.root and data.source == "kaggle"
    if downloaded and data.kaggle is not None:
        root = kaggle_folder(data.kaggle.handle, data.kaggle.version)
        if root is None:
            return {"download": data.kaggle.handle}
        data = replace(data, root=str(root))
    if data.source == "phantom" and not Path(str(data.root)).expanduser().exists():
        return {"root": data.root, "draw": True}
    source = build_source(replace(data, source="folder") if data.source == "phantom" else data)
    scans = list(source.scans())
    counts = Counter((scan.part, scan.label) for scan in scans)
    return {
        "root": str(source.root),
        "downloaded": downloaded,
        "counts": Counter(scan.part or "in no published part" for scan in scans),
        "differing": differing_counts(counts, data.kaggle.known if data.kaggle else {}),
    }


def kaggle_folder(handle: str, version: int | str) -> Path | None:
    """Find a complete download in kagglehub's cache, whose import would open a network session.

    Args:
        handle: `owner/name`.
        version: Its number; `latest` takes the newest that is there.
    """
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
            result = globals()[f"probe_{name}"](settings)
        except Exception as error:
            kind = type(error).__name__
            message = str(error) if isinstance(error, BrainTumorError) else f"{kind}: {error}"
            result = {"error": message, "type": kind}
        print(PREFIX + json.dumps({name: result}), flush=True)
        if "error" in result:
            break


if __name__ == "__main__":
    main()
