"""`robustness_<part>.json`: scores of a checkpoint on corrupted scans of one part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brain_tumor.metrics.robustness import Robustness
from brain_tumor.metrics.uncertainty.bootstrap import Resampling
from brain_tumor.runs.results.json_file import JsonFile


@dataclass(frozen=True)
class RobustnessResult:
    """The content of `robustness_<part>.json`.

    Attributes:
        checkpoint: File name of the checkpoint that was scored.
        part: `test` or `validation`.
        bootstrap: How the intervals were drawn; its seed is also that of the corruptions.
        scores: Scores on clean and on corrupted scans.
        values: By corruption, its values at each strength, by name.
    """

    checkpoint: str
    part: str
    bootstrap: Resampling
    scores: Robustness
    values: Mapping[str, Mapping[str, tuple[float, ...]]]


def robustness_file(part: str) -> JsonFile[RobustnessResult]:
    """Give the file of a part."""
    return JsonFile(f"robustness_{part}.json", RobustnessResult, upgrade=_upgrade)


def _upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Bring a file without a version, up to 0.6, to today's fields: scores stood at the top."""
    first = {name: content.pop(name) for name in ("checkpoint", "part", "bootstrap")}
    clean, corruptions = content.pop("clean"), content["corruptions"]
    values = {name: own.pop("values") for name, own in corruptions.items()}
    balanced = {"clean": clean["balanced_accuracy"], "clean_accuracy": clean["accuracy"]}
    return {**first, "scores": content | balanced, "values": values}
