"""What thresholds find among known slices, and what two judges saw of pairs of healthy scans."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.rendering.numbers import format_count, format_percent
from brain_tumor.rendering.page import DataTable

Line = Mapping[str, str]
SHOWN = ("0.5", "0.6", "0.64", "0.68", "0.7", "0.76", "0.82", "0.9", "0.96")  # of thresholds.csv
# Ranges of the similarity; 0 stands for pairs that were never laid on each other.
RANGES = (0.0, 0.1, 0.5, 0.68, 0.82, 0.95, 1.01)
LABELS = ("same slice", "same head", "other head", "unsure")


def thresholds_table(lines: Sequence[Line], halves: Sequence[Line]) -> DataTable:
    """Lay out the pairs of scans of known slices that are as alike as a threshold.

    Args:
        lines: Of thresholds.csv.
        halves: Of halves.csv.
    """
    displayed = [line for line in lines if line["threshold"] in SHOWN]
    types = ("same slice", "same patients", "other patients", "healthy", "healthy groups")
    rows = [
        [line["threshold"], *(format_count(int(line[kind])) for kind in types)]
        for line in displayed
    ]
    wrong = [int(line["wrong of these"]) for line in halves]
    chosen = [float(line["threshold"]) for line in halves]
    return DataTable(
        "Pairs of raw scans that reach a similarity",
        ["similarity", "same slice", "same patients", "other patients", "both healthy", "groups"],
        rows,
        "Same slice, same patients (another slice of theirs), other patients: pairs of scans whose "
        "slice is known. Groups: how many the healthy scans form. Chosen on one half of the "
        f"patients as the least without a wrong pair, thresholds lie from {min(chosen):.2f} to "
        f"{max(chosen):.2f}, and let {min(wrong)} to {max(wrong)} wrong pairs through in the other "
        f"half, none in {wrong.count(0)} of {len(wrong)} draws.",
    )


def judged_table(lines: Sequence[Line]) -> DataTable:
    """Lay out what both judges saw, by range of the similarity.

    Args:
        lines: Of judged.csv.
    """
    rows = []
    for low, high in pairwise(RANGES):
        own = [line for line in lines if low <= float(line["similarity"]) < high]
        name = "never laid on each other" if low == 0 else f"{low:g} to {min(high, 1):g}"
        both = [
            sum(line["first judge"] == line["second judge"] == label for line in own)
            for label in LABELS[:3]
        ]
        related = sum(map(is_related, own))
        rows.append([name, *map(format_count, (len(own), related, *both, len(own) - sum(both)))])
    same = [line for line in lines if line["first judge"] == line["second judge"] == LABELS[0]]
    other = [line for line in lines if line["first judge"] == line["second judge"] == LABELS[2]]
    found, wrong = sum(map(is_related, same)), sum(map(is_related, other))
    return DataTable(
        "Pairs of healthy scans, judged by eye",
        ["similarity", "pairs", "related", "same slice", "same head", "other head", "disagree"],
        rows,
        f"Of {format_count(len(same))} pairs that both judges call one slice, "
        f"{format_count(found)} are related "
        f"({format_percent(found / len(same))}); of {format_count(len(other))} that both call "
        "two heads, "
        f"{format_count(wrong)}. Same head: another slice of it. Disagree: the judges, or one "
        "was unsure.",
    )


def is_related(line: Line) -> bool:
    """Tell whether the search calls a pair related, by the thresholds of conf/data/pipeline."""
    similarity, agreement = float(line["similarity"]), float(line["frame_correlation"])
    usual = NearDuplicateSettings()
    return similarity >= usual.related or (
        similarity >= usual.related_if_frames_agree and agreement >= usual.frames_agree
    )
