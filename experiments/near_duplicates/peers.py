"""How many altered copies other searches find, how often they err, and what they cost.

    python experiments/near_duplicates/peers.py PREPARED RAW WORK [--python ...] [--weights FILE]

PREPARED and RAW are as for `altered.py`, and so are the copies: the same scans, altered in the same
ways from the same seeds, as PNG files. WORK is a folder for these and for what each peer says; what
lies there is not made again. A copy counts as found where the peer pairs it with a raw scan of its
slice. Each peer is scored twice: at the threshold that it comes with, raw scans by the very pairs
that it lists, and at the loosest one at which it joins at most one of ten million pairs of raw
scans of different known patients.

The peers are imagededup's hashes and its CNN, cleanvision and fastdup. They are test-time extras,
not dependencies. The first two go together with this project (`pip install 'brain-tumor[peers]'`;
run with imagededup 0.3.3.post2 and cleanvision 0.3.7). fastdup 2.54 does not: it wants NumPy below
2 and one release each of Pillow, scikit-learn and tqdm. So it needs an environment of its own,
whose interpreter `--fastdup-python` names; `--python` names that of the others where they are not
beside this project. fastdup would send reports over the network unless it is told not to, as it is
here. A peer that is missing is left out, and a sentence says so.

imagededup's CNN would fetch its weights. FILE holds those of torchvision's `mobilenet_v2`, which it
is given in place of its own network; without a file it is left out. It is slow, so it is asked for
the copies of every fifth scan only.

Writes beside this file peers.csv, a row for each peer and threshold, and peers_altered.csv, one for
each alteration and strength too.
"""

import argparse
import csv
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from brain_tumor.data.groups.connected import numbered
from brain_tumor.data.prepared.prepared_set import PreparedSet, open_prepared
from experiments.near_duplicates.alterations import ALTERATIONS, STRENGTHS
from experiments.near_duplicates.altered import choose_scans, read_scan
from experiments.near_duplicates.peers_search import (
    CLEANVISION,
    CNN,
    DHASH,
    FASTDUP,
    OURS,
    PHASH,
    list_scans,
)

HERE = Path(__file__).parent
FEW = 5  # of so many scans the CNN is asked for one
# Ours in between, too, since what else the machine does changes while this runs.
ORDER = (OURS, PHASH, DHASH, OURS, CLEANVISION, FASTDUP, CNN)
# Least cosine, of bits as -1 and 1: 10 bits of 64 are the hashes' default, none cleanvision's.
DEFAULTS = {PHASH: 1 - 10 / 32, DHASH: 1 - 10 / 32, CLEANVISION: 1.0, CNN: 0.9, FASTDUP: 0.9}
NEAREST = {FASTDUP: 2}  # pairs that it lists of each scan at the most
FALSE_PAIRS = 1e-7  # of the pairs of scans of different known patients
APART = 1e-5  # of cosines that are not the same, whatever single precision rounds
DEFAULT, STRICT = "its own", "strict"
SAME_SLICE, RELATED = "same slice", "related"  # our own
Vectors = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Row = dict[str, Any]
Encodings = Mapping[str, npt.NDArray[Any]]


def write_copies(prepared: PreparedSet, raw: Path, work: Path) -> None:
    """Write all altered copies, and those of every fifth scan once more, where there are none."""
    if (work / "few").exists():
        return
    scans = [read_scan(raw / prepared.manifest[place].path) for place in choose_scans(prepared)]
    for place, alter in enumerate(ALTERATIONS.values()):
        for strength in STRENGTHS:
            rng = np.random.default_rng((place, strength))
            folder = work / "all" / f"{place:02d}-{strength}"
            folder.mkdir(parents=True, exist_ok=True)
            for number, scan in enumerate(scans):
                copy = alter(scan, strength, rng)
                cv2.imwrite(
                    str(folder / f"{number:03d}.png"), copy, [cv2.IMWRITE_PNG_COMPRESSION, 1]
                )
    for path in list_scans(work / "all"):
        if int(path.stem) % FEW == 0:
            few = work / "few-unfinished" / path.parent.name / path.name
            few.parent.mkdir(parents=True, exist_ok=True)
            few.hardlink_to(path)
    (work / "few-unfinished").rename(work / "few")


def query(name: str, options: argparse.Namespace, out: Path) -> bool:
    """Run a peer in a process of its own, unless it was; tell whether it could be run."""
    arguments = {OURS: options.prepared, CNN: options.weights or ""}
    if name == CNN and not options.weights:
        print(f"{CNN} is left out: --weights names no file.")
        return False
    if not out.exists():
        python = {OURS: sys.executable, FASTDUP: options.fastdup_python}.get(name, options.python)
        copies = options.work / ("few" if name == CNN else "all")
        words = [str(HERE / "peers_search.py"), name, options.raw, str(copies), str(out)]
        alone = {"OMP_NUM_THREADS": "1", "SENTRY_OPT_OUT": "1"}
        command = [python, *words, arguments.get(name, "")]
        ended = subprocess.run(command, env=os.environ | alone, capture_output=True, text=True)
        if ended.returncode:
            print(f"{name} is left out: {(ended.stderr.strip().splitlines() or ['no word'])[-1]}")
            return False
    return True


def vectors(encodings: npt.NDArray[Any]) -> Vectors:
    """Give vectors of length 1 whose products are the peer's similarity."""
    plain = encodings.astype(np.float32)
    if encodings.dtype == np.uint8:
        plain = 2 * plain - 1
    return np.asarray(plain / np.linalg.norm(plain, axis=1, keepdims=True), np.float32)


class Truth:
    """What is known of the raw scans, in the order of their paths.

    Attributes:
        rows: Of the manifest.
        known: Places of those whose patient is known.
        slices: A number of the slice of each; one of its own where it is not known.
        patients: A number of the patient of each; -1 where it is not known.
        chosen: Places of the scans that are altered.
    """

    def __init__(self, prepared: PreparedSet, raw: Path) -> None:
        by_path = {row.path: row for row in prepared.manifest}
        self.rows = [by_path[path.relative_to(raw).as_posix()] for path in list_scans(raw)]
        places = {row.path: n for n, row in enumerate(self.rows)}
        self.chosen = np.array([places[prepared.manifest[n].path] for n in choose_scans(prepared)])
        slices = numbered([row.slice_key for row in self.rows])
        self.slices = np.where(slices >= 0, slices, -1 - np.arange(len(slices)))
        groups = numbered([row.patient_group or None for row in self.rows])
        self.patients = np.asarray(groups, np.int32)
        self.known = np.flatnonzero(self.patients >= 0)

    def other_patients(self, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> Flags:
        """Tell which pairs join two known patients; both arguments are places that broadcast."""
        mine, theirs = self.patients[one], self.patients[other]
        return np.asarray((mine != theirs) & (mine >= 0) & (theirs >= 0))


def strict_threshold(similarity: Vectors, truth: Truth) -> float:
    """Give the similarity above which false pairs are as rare as `FALSE_PAIRS`.

    Args:
        similarity: Of all raw scans with each other.
        truth: About them.
    """
    first, second = np.triu_indices(len(truth.known), 1)
    first, second = truth.known[first], truth.known[second]
    wrong = truth.other_patients(first, second)
    values = similarity[first[wrong], second[wrong]]
    return float(np.sort(values)[-1 - int(FALSE_PAIRS * len(values))]) + APART


def listed(similarity: Vectors, least: float, nearest: int | None) -> Flags:
    """Tell which pairs a peer lists: of each row those that are alike, the nearest alone if few."""
    alike = similarity >= least - APART / 2
    if nearest is not None:
        kth = -np.partition(-similarity, nearest - 1, axis=1)[:, nearest - 1]
        alike &= similarity >= kth[:, None]
    return np.asarray(alike)


def count_pairs(first: Any, second: Any, truth: Truth) -> Row:
    """Count pairs of raw scans of known patients: all, and those of one slice, one patient, two.

    The slices that there are pairs of are counted, too, found or not.
    """
    known = (truth.patients[first] >= 0) & (truth.patients[second] >= 0)
    first, second = first[known], second[known]
    same_slice = truth.slices[first] == truth.slices[second]
    wrong = truth.other_patients(first, second)
    return {
        "of one slice": int(
            sum(n * (n - 1) // 2 for n in np.bincount(truth.slices[truth.slices >= 0]))
        ),
        "pairs": len(first),
        "same slice": int(same_slice.sum()),
        "same patient": int((~wrong).sum()),
        "other patients": int(wrong.sum()),
    }


def score(name: str, result: Encodings, truth: Truth) -> tuple[list[Row], list[Row]]:
    """Score a peer at both thresholds: rows of peers.csv and of peers_altered.csv."""
    raw, copies = vectors(result["raw"]), vectors(result["copies"])
    similarity = raw @ raw.T
    np.fill_diagonal(similarity, -2)
    chosen = truth.chosen[:: FEW if name == CNN else 1]
    cost = {key: round(float(result[key]), 1) for key in ("seconds", "processor", "bytes")}
    nearest, summary, altered = NEAREST.get(name), [], []
    for setting in (DEFAULT, STRICT):
        least = DEFAULTS[name] if setting == DEFAULT else strict_threshold(similarity, truth)
        pairs = listed(similarity, least, nearest)
        first, second = np.nonzero(np.triu(pairs | pairs.T, 1))
        if setting == DEFAULT:  # what the peer itself says is what counts
            check(name, result, first, second)
            first, second = result["pairs"][:, :2].astype(int).T
        head = {"peer": name, "threshold": setting, "least cosine": round(least, 6)}
        total, parts = 0, np.split(copies, len(ALTERATIONS) * len(STRENGTHS))
        ways = [(way, strength) for way in ALTERATIONS for strength in STRENGTHS]
        for (way, strength), part in zip(ways, parts, strict=True):
            pairs = listed(part @ raw.T, least, nearest)
            right = truth.slices[chosen][:, None] == truth.slices[None]
            found = int((pairs & right).any(axis=1).sum())
            wrong = truth.other_patients(chosen[:, None], np.arange(len(raw))[None])
            row = {"alteration": way, "strength": strength + 1, "scans": len(part), "found": found}
            altered.append(head | row | {"other patients": int((pairs & wrong).sum())})
            total += found
        summary.append(
            head
            | count_pairs(first, second, truth)
            | {"copies": len(copies), "copies found": total}
            | cost
        )
        print(summary[-1], flush=True)
    return summary, altered


def check(name: str, result: Encodings, first: Any, second: Any) -> None:
    """Tell by how many pairs our reading of the peer differs from the pairs that it lists."""
    theirs = {(int(one), int(other)) for one, other, _ in result["pairs"]}
    mine = set(zip(first.tolist(), second.tolist(), strict=True))
    print(f"{name}: {len(theirs)} pairs, {len(mine)} as scored, {len(theirs ^ mine)} in one only")


def score_ours(all_told: list[Encodings], truth: Truth, same_slice: float) -> list[Row]:
    """Count our own pairs at both thresholds, with the median of the costs of all runs."""
    costs = {
        key: round(float(np.median([result[key] for result in all_told])), 1)
        for key in ("seconds", "processor", "bytes")
    }
    rows = []
    for setting, least in ((SAME_SLICE, same_slice), (RELATED, 0.0)):
        pairs = all_told[0]["pairs"]
        pairs = pairs[pairs[:, 2] >= least]
        first, second = pairs[:, 0].astype(int), pairs[:, 1].astype(int)
        head = {"peer": OURS, "threshold": setting, "least cosine": ""}
        copies = {"copies": "", "copies found": ""}  # altered.csv has them
        rows.append(head | count_pairs(first, second, truth) | copies | costs)
    return rows


def write(path: Path, rows: list[Row]) -> None:
    """Write rows of the same columns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(options: argparse.Namespace) -> None:
    """Ask all peers, and write how they did."""
    prepared, raw = open_prepared(Path(options.prepared)), Path(options.raw)
    write_copies(prepared, raw, options.work)
    places = [options.work / f"{n}-{name.replace(' ', '-')}.npz" for n, name in enumerate(ORDER)]
    answered = [
        (name, place)
        for name, place in zip(ORDER, places, strict=True)
        if query(name, options, place)
    ]
    truth = Truth(prepared, raw)
    ours = [np.load(place) for name, place in answered if name == OURS]
    same_slice = float(prepared.summary["near_duplicates"]["same_slice"])
    summary, altered = score_ours(ours, truth, same_slice), []
    for name, place in answered:
        if name != OURS:
            scored = score(name, np.load(place), truth)
            summary += scored[0]
            altered += scored[1]
    write(HERE / "peers.csv", summary)
    write(HERE / "peers_altered.csv", altered)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("prepared")
    parser.add_argument("raw")
    parser.add_argument("work", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--fastdup-python", default=sys.executable)
    parser.add_argument("--weights")
    main(parser.parse_args())
