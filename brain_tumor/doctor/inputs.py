"""What a training starts from: the network with its weights, and the scans."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from omegaconf import OmegaConf

from brain_tumor.config.data_settings import data_settings
from brain_tumor.config.network import check_network
from brain_tumor.config.source import build_source
from brain_tumor.data.sources.kaggle import differing_counts, removal
from brain_tumor.doctor.checks import Counts
from brain_tumor.doctor.finding import Finding
from brain_tumor.errors import BrainTumorError, WeightsError
from brain_tumor.models.registry import build_network, trial_device


def network(config: Any, counts: Counts) -> Iterator[Finding]:
    """Build the network and load its weights as a run does; download nothing."""
    data, options = config.data, cast(dict[str, Any], OmegaConf.to_container(config.model))
    weights = options.pop("weights", None)
    try:
        classes = len(data.classes or build_source(data_settings(data)).classes)
    except BrainTumorError:  # `scans` says what is wrong
        message = "Not tried: how many classes it needs is known once the scans are found."
        yield Finding("note", "model", message)
        return
    with trial_device(options):  # without memory
        built = build_network(classes, **options)
    parameters = sum(parameter.numel() for parameter in built.parameters())
    file = built.published_weights() if weights == "imagenet" else None
    there = weights != "imagenet" or (file is not None and file.is_file())
    given = options | {"weights": weights} if there else options
    try:
        check_network(given, classes, data.crop.size)
    except WeightsError as error:
        broken = f"{file} is damaged: delete it to download it again."
        message = broken if weights == "imagenet" else str(error)
        fix = "add model.weights=none, or model.weights=FILE"
        yield Finding("wrong", "weights", message, fix)
        return
    counts["parameters"] = parameters
    yield Finding(
        "ok", "model", f"{config.model.name} can be built, with {parameters:,} parameters."
    )
    if weights in (None, "none"):
        yield Finding("ok", "weights", "No pretrained weights are needed.")
    elif there:
        yield Finding("ok", "weights", f"The weights in {file or weights} fit.")
    else:
        place = "" if file is None else f" to {file}"
        yield Finding("note", "weights", f"The first run downloads the weights{place}.")


def scans(config: Any, counts: Counts) -> Iterator[Finding]:
    """Report whether the raw scans are there, and as many as published; fetch and draw nothing."""
    data = data_settings(config.data)
    downloaded = not data.root and data.source == "kaggle"
    known = {} if data.kaggle is None else data.kaggle.known
    if downloaded and data.kaggle is not None:
        cached = kaggle_folder(data.kaggle.handle, data.kaggle.version)
        if cached is None:
            message = f"The first run downloads {data.kaggle.handle} from Kaggle."
            yield Finding("note", "scans", message)
            return
        data = replace(data, root=str(cached))
    if data.source == "phantom":
        if not Path(str(data.root)).expanduser().exists():
            yield Finding("ok", "scans", f"The first run draws phantom scans in {data.root}.")
            return
        data = replace(data, source="folder")
    source = build_source(data)
    found = list(source.scans())
    counts["scans"] = len(found)
    parts = Counter(scan.part or "in no published part" for scan in found)
    listed = ", ".join(f"{part} {number:,}" for part, number in parts.items())
    message = f"{source.root} holds {len(found):,} scans ({listed})"
    differing = ", ".join(
        f"{part}/{label} has {number}, not {expected}"
        for part, label, number, expected in differing_counts(
            Counter((scan.part, scan.label) for scan in found), known
        )
    )
    if differing and downloaded:
        broken = f"{message}; the download is damaged: {differing}."
        yield Finding("wrong", "scans", broken, removal(Path(str(source.root))))
    elif differing:
        yield Finding("note", "scans", f"{message}, which is not the published set: {differing}.")
    else:
        yield Finding("ok", "scans", f"{message}{', as published' * bool(known)}.")


def kaggle_folder(handle: str, version: int | str) -> Path | None:
    """Find a complete download in kagglehub's cache, whose import would open a network session."""
    cache = Path(os.environ.get("KAGGLEHUB_CACHE") or "~/.cache/kagglehub").expanduser()
    place = cache / "datasets" / handle
    wanted = "*" if version == "latest" else str(version)
    complete = [path.stem for path in place.glob(f"{wanted}.complete") if path.stem.isdigit()]
    return place / "versions" / max(complete, key=int) if complete else None
