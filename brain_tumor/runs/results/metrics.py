"""`metrics.json`: every score of a checkpoint, and what was chosen on validation scans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brain_tumor.metrics.leakage import PartOverlap
from brain_tumor.metrics.uncertainty.bootstrap import Resampling
from brain_tumor.runs.results.json_file import JsonFile
from brain_tumor.runs.results.scores import PartScores


@dataclass(frozen=True)
class Temperature:
    """What divides the logits before they become probabilities.

    Attributes:
        value: Above 0; None where there were no validation scans to fit it on.
        fitted_on: The part; None likewise.
    """

    value: float | None
    fitted_on: str | None


@dataclass(frozen=True)
class OperatingPoint:
    """From which probability of a tumour on a scan is called one.

    Attributes:
        healthy: The class without a tumour; None where there is none.
        threshold: The least such probability, in [0, 1]; None likewise.
        chosen_on: The part; None where there were no validation scans, and it is one half.
        least_sensitivity: That was asked for there, in [0, 1]; None likewise.
    """

    healthy: str | None
    threshold: float | None
    chosen_on: str | None
    least_sensitivity: float | None


@dataclass(frozen=True)
class ExternalScans:
    """Scans of another origin that a run was scored on.

    Attributes:
        raw: Files found.
        unusable: Files that cannot be read.
        seen: Scans that the run was trained on; None where that was not looked for.
        kept: Scans that were scored.
        fingerprint: Of their prepared set, hexadecimal.
    """

    raw: int
    unusable: int
    seen: int | None
    kept: int
    fingerprint: str


@dataclass(frozen=True)
class FlaggedShares:
    """How many scans do not look like the training scans.

    Attributes:
        threshold: A scan of a higher `ood_score` is flagged.
        flagged: Share of the scans of each part that are flagged, in [0, 1].
    """

    threshold: float
    flagged: Mapping[str, float]


@dataclass(frozen=True)
class Metrics:
    """The content of `metrics.json`.

    Attributes:
        checkpoint: File name of the checkpoint that was scored.
        bootstrap: How the intervals were drawn.
        temperature: Fitted on validation scans.
        operating_point: Chosen on validation scans.
        parts: Scores by part: `train`, `validation`, `test`; scans of another origin are `test`.
        leakage: What the test part shares with the scans trained or validated on; None for scans of
            another origin, and in files of early versions.
        scans: The scans of another origin; None for the run's own.
        ood: How many of these are flagged; None for the run's own, which `ood.json` tells of, and
            where the run has no detector.
    """

    checkpoint: str
    bootstrap: Resampling
    temperature: Temperature
    operating_point: OperatingPoint
    parts: Mapping[str, PartScores]
    leakage: PartOverlap | None = None
    scans: ExternalScans | None = None
    ood: FlaggedShares | None = None


def _upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Bring a file without a version, up to 0.6, to today's fields: intervals stood apart there."""
    content["parts"] = {name: _part(part) for name, part in content["parts"].items()}
    if content.get("leakage") is not None:
        content["leakage"].setdefault("lookalikes", None)
    return content


def _part(before: dict[str, Any]) -> dict[str, Any]:
    ends = before["intervals"]
    kept = {name: before[name] for name in ("classes", "present", "scans", "groups", "confusion")}
    calibrated = before["calibrated"]
    return kept | {
        "scores": {
            key: _interval(before[key], found) for key, found in ends.items() if key != "per_class"
        },
        "per_class": {
            label: {
                "support": own["support"],
                **{
                    key: _interval(own[key], ends["per_class"][label][key])
                    for key in ("precision", "recall", "f1")
                },
            }
            for label, own in before["per_class"].items()
        },
        "confidence": {
            "probabilities": _probabilities(before["probabilities"]),
            "calibrated": None if calibrated is None else _probabilities(calibrated),
            "tumour": before["tumour"],
            "risk_coverage": before["risk_coverage"],
        },
        "patients": before.get("patients"),
    }


def _probabilities(before: dict[str, Any]) -> dict[str, Any]:
    others = {name: before.pop(name) for name in ("roc_auc", "reliability")}
    return {"scores": before, **others}


def _interval(value: float | None, ends: Sequence[float] | None) -> dict[str, Any] | None:
    return None if value is None or ends is None else dict(value=value, low=ends[0], high=ends[1])


METRICS = JsonFile("metrics.json", Metrics, upgrade=_upgrade)
