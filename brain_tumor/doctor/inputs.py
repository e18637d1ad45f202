"""What a training starts from: the network with its weights, the scans, the prepared set."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brain_tumor.doctor.child import Results
from brain_tumor.doctor.found import BuiltNetwork, Failure, Finding, FoundScans
from brain_tumor.doctor.resources import prepared_sets_in
from brain_tumor.rendering.numbers import listed


def network(config: Any, probes: Results) -> Iterator[Finding]:
    """Report whether the network can be built and its weights are ready."""
    found: BuiltNetwork | Failure | None = probes["network"]
    if found is None:
        return
    if isinstance(found, Failure):
        topic, fix = "model", "python -m brain_tumor.train --help"
        if found.type == "WeightsError":
            topic, fix = "weights", "add model.weights=none, or model.weights=FILE"
        yield Finding("wrong", topic, found.error, fix)
        return
    message = f"{config.model.name} can be built, with {found.parameters:,} parameters."
    yield Finding("ok", "model", message)
    weights = found.weights
    if weights == "none":
        yield Finding("ok", "weights", "No pretrained weights are needed.")
    elif not found.download:
        yield Finding("ok", "weights", f"The weights in {weights} fit.")
    else:
        place = "" if weights is None else f" to {weights}"
        yield Finding("note", "weights", f"The first run downloads the weights{place}.")


def scans(config: Any, probes: Results) -> Iterator[Finding]:
    """Report whether the raw scans are there, and as many as published."""
    found: FoundScans | Failure | None = probes["scans"]
    if isinstance(found, Failure):
        fix = "add data.root=FOLDER, or data=phantom for phantom scans"
        yield Finding("wrong", "scans", found.error, fix)
    elif found is None:
        return
    elif found.download:
        yield Finding("note", "scans", f"The first run downloads {found.download} from Kaggle.")
    elif found.draw:
        yield Finding("ok", "scans", f"The first run draws phantom scans in {found.root}.")
    else:
        yield _counted(found, published=bool((config.data.get("kaggle") or {}).get("counts")))


def _counted(found: FoundScans, published: bool) -> Finding:
    root, parts = Path(str(found.root)), found.counts or {}
    counts = ", ".join(f"{folder} {number:,}" for folder, number in parts.items())
    message = f"{root} holds {sum(parts.values()):,} scans ({counts})"
    differing = ", ".join(
        f"{folder}/{label} has {number}, not {expected}"
        for folder, label, number, expected in found.differing
    )
    if differing and found.downloaded:
        from brain_tumor.data.sources.kaggle import removal

        broken = f"{message}; the download is damaged: {differing}."
        return Finding("wrong", "scans", broken, removal(root))
    if differing:
        return Finding("note", "scans", f"{message}, which is not the published set: {differing}.")
    return Finding("ok", "scans", f"{message}{', as published' * published}.")


def prepared_sets(config: Any, probes: Results) -> Iterator[Finding]:
    """Report the prepared sets of the configured name."""
    found = [str(folder) for folder in prepared_sets_in(config)]
    message = f"The first run prepares the scans in {config.data.prepared}."
    there = f"{listed(found)} {'are' if len(found) > 1 else 'is'} there." if found else message
    yield Finding("ok", "prepared set", there)
