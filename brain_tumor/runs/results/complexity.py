"""`complexity.json`: what a network costs, and how fast it is on one device."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brain_tumor.metrics.complexity import Complexity
from brain_tumor.runs.results.json_file import JsonFile


@dataclass(frozen=True)
class MeasuredComplexity(Complexity):
    """The content of `complexity.json`.

    Attributes:
        checkpoint_bytes: Size of the checkpoint.
        device: Where the seconds were measured: a card's own name, `CPU` or `MPS`.
        threads: Threads of torch meanwhile.
        seconds_per_scan: Seconds of the forward pass per scan, by the size of the batch as text.
    """

    checkpoint_bytes: int
    device: str
    threads: int
    seconds_per_scan: Mapping[str, float]


def _upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Bring a file of format 1 or none to today's fields: it also had the peak of inference."""
    content.pop("peak_inference_bytes", None)
    return content


COMPLEXITY = JsonFile("complexity.json", MeasuredComplexity, version=2, upgrade=_upgrade)
