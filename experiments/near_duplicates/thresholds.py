"""What each threshold finds among the known slices, and how thresholds of one half do on the other.

    python experiments/near_duplicates/thresholds.py PREPARED

PREPARED is the folder of a prepared set whose patient table names slices; its raw scans are
searched once, down to the lowest threshold. Writes beside this file

- thresholds.csv: for each threshold the pairs of scans of known slices by what they are (the same
  slice, another slice of the same patients, other patients), and the pairs of healthy scans and
  the groups that they form;
- halves.csv: known patients are parted in two at random, twenty times; the least threshold that
  finds no wrong pair in one half is tried on the other, which had no part in choosing it.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from brain_tumor.data.groups.connected import Ids, numbered
from brain_tumor.data.groups.near_duplicates import cluster, find_near_duplicates
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.prepared.prepared_set import PreparedSet, open_prepared

HERE = Path(__file__).parent
HEALTHY = "notumor"
THRESHOLDS = tuple(round(0.5 + 0.02 * step, 2) for step in range(24))
DRAWS = 20


def count(prepared: PreparedSet, pairs: list[Pair]) -> None:
    """Count pairs by what they are, threshold by threshold."""
    rows = prepared.manifest
    with (HERE / "thresholds.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        types = ("same slice", "same patients", "other patients", "healthy")
        writer.writerow(["threshold", *types, "healthy groups"])
        healthy = [place for place, row in enumerate(rows) if row.label == HEALTHY]
        for threshold in THRESHOLDS:
            found = dict.fromkeys(types, 0)
            for pair in pairs:
                if pair.similarity >= threshold and (what := kind(prepared, pair)) is not None:
                    found[what] += 1
            reached = [pair for pair in pairs if pair.similarity >= threshold]
            groups = cluster(reached, len(rows))[healthy]
            writer.writerow([threshold, *found.values(), len(set(groups.tolist()))])


def kind(prepared: PreparedSet, pair: Pair) -> str | None:
    """Tell what a pair is; None where it is not known."""
    one, other = prepared.manifest[pair.first], prepared.manifest[pair.second]
    if one.slice_key is not None and other.slice_key is not None:
        if one.slice_key == other.slice_key:
            return "same slice"
        alike = one.patient_group == other.patient_group
        return "same patients" if alike else "other patients"
    return "healthy" if one.label == other.label == HEALTHY else None


def try_halves(prepared: PreparedSet, pairs: list[Pair]) -> None:
    """Choose a threshold on one half of the patients, and count its wrong pairs on the other."""
    patients = numbered([row.patient_group or None for row in prepared.manifest])
    wrong = [pair for pair in pairs if kind(prepared, pair) == "other patients"]
    with (HERE / "halves.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["draw", "threshold", "pairs of the other half", "wrong of these"])
        for draw in range(DRAWS):
            half = np.random.default_rng(draw).random(int(patients.max()) + 1) < 0.5
            inside = [_both(half, patients, pair, True) for pair in wrong]
            chosen = max(
                (pair.similarity for pair, own in zip(wrong, inside, strict=True) if own),
                default=0.0,
            )
            others = [pair for pair in wrong if _both(half, patients, pair, False)]
            above = sum(pair.similarity > chosen for pair in others)
            left = np.flatnonzero((patients >= 0) & ~half[np.maximum(patients, 0)])
            sizes = np.bincount(patients[left])
            number = (len(left) ** 2 - int(np.sum(sizes**2))) // 2
            writer.writerow([draw, round(chosen, 4), number, above])


def _both(half: npt.NDArray[np.bool_], patients: Ids, pair: Pair, side: bool) -> bool:
    return bool(half[patients[pair.first]] == side and half[patients[pair.second]] == side)


def main(folder: str) -> None:
    """Search, then count."""
    prepared = open_prepared(Path(folder))
    lowest = THRESHOLDS[0]
    least = NearDuplicateSettings(lowest, lowest, lowest, lowest)
    pairs = find_near_duplicates(np.asarray(prepared.frames), least)
    count(prepared, pairs)
    try_halves(prepared, pairs)


if __name__ == "__main__":
    main(*sys.argv[1:])
