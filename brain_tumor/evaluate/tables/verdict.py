"""What an evaluation comes to, in at most five lines: the score, and what leaks."""

from collections.abc import Mapping
from typing import Any

from brain_tumor.data.split import TEST
from brain_tumor.metrics.leakage import ANY, PartOverlap
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count,
    format_counted,
    format_interval,
    format_percent,
)
from brain_tumor.runs.results.metrics import Metrics


def verdict(metrics: Metrics, drawn: bool = False) -> list[str]:
    """Say what the test score is, and how far it can be believed; `drawn`: trained on phantoms."""
    test, level = metrics.parts[TEST], metrics.bootstrap.level
    score = format_interval(test.scores.get("balanced_accuracy"))
    said = [
        f"balanced accuracy {score} on {format_counted(test.scans, 'test scan')}, "
        f"{100 * level:g} % interval"
    ]
    if metrics.leakage is not None:
        said.append(f"leakage: {leakage_sentence(metrics.leakage)}")
    if drawn:
        said.append("phantoms: trained on drawn scans, so this score says nothing about brains")
    return said


def leakage_sentence(found: PartOverlap) -> str:
    """Say what leaks into the test part.

    By the search for groups; where that found nothing, by the correlation measured beside it, too.
    """
    share = found.overlaps[ANY].share_of_all
    if share:
        return (
            f"{format_percent(share)} of the test scans have a near-copy, or another scan of their "
            "patient, in training: do not expect this score on new patients"
        )
    said = "no test scan is known to have a near-copy or a scan of its patient in training"
    if found.lookalikes:
        lowest = found.lookalikes[0]
        share_alike = format_percent(lowest.all)
        said += f"; {share_alike} correlate by {lowest.level:g} or more with a training scan"
    return said


def foreign_sentence(metrics: Metrics) -> str:
    """Say what became of scans of another origin."""
    scans = metrics.scans
    if scans is None:
        return UNKNOWN
    copies = scans.raw - scans.unusable - (scans.seen or 0) - scans.kept
    seen = f", {format_count(scans.seen)} related to training or validation scans (seen.csv)"
    if scans.seen is None:
        seen = "; not checked: whether the run was trained on any of them"
    return (
        f"scans: {format_count(scans.kept)} of {format_count(scans.raw)} scored; left out: "
        f"{format_count(scans.unusable)} not usable, "
        f"{format_counted(copies, 'exact copy', 'exact copies')} of another{seen}"
    )


def drawn(data: Mapping[str, Any]) -> bool:
    """Tell whether a configuration's `data` are phantoms, which are drawn."""
    return "phantom" in (data.get("name"), data.get("source"))
