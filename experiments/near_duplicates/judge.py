"""Pairs of healthy scans to be judged by eye, and how the search does on those that were.

    python experiments/near_duplicates/judge.py PREPARED RAW SHEETS

PREPARED is the folder of a prepared set, RAW that of its scans. Writes pairs.csv and a contact
sheet for every twelve pairs to the folder SHEETS. The sheets show the scans and a number and
nothing else, so whoever judges does not know what the search says of a pair. judged.csv beside
this file is pairs.csv with what two judges saw, each alone: `same slice`, `same head` (another
slice of it), `other head`, or `unsure`. `tables.py` makes its table.

No patient is known of the healthy scans, so the pairs are drawn from all over the score: as many
from each range of the similarity, and as many that the search never laid on each other from each
range of the correlation of their frames; of the same two clusters one pair at the most.
"""

import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.data.groups.near_duplicates import cluster, find_near_duplicates
from brain_tumor.data.groups.orientations import ORIENTATIONS, orient
from brain_tumor.data.groups.pairs import Pair, write_pairs
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.prepared.prepared_set import PreparedSet, open_prepared
from brain_tumor.files.picture import decode_grey
from brain_tumor.files.scans import Grey

HEALTHY = "notumor"
SIMILARITIES = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.001)
CORRELATIONS = (0.75, 0.8, 0.85, 0.9, 1.0)  # of pairs that were never laid on each other
EACH = 18  # pairs of a range
NEVER = 0.0  # the similarity that stands in the table for them
LOWEST = NearDuplicateSettings(0.9, 0.4, 0.4, 0.4)
ON_A_SHEET, SIDE = 12, 230  # pairs, pixels


def correlations(frames: Grey) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """Correlate all frames in all orientations: the best value and which one, `(N, N)`."""
    centred = frames.astype(np.float32)
    centred -= centred.mean(axis=(1, 2), keepdims=True)
    centred /= np.sqrt(np.square(centred).sum(axis=(1, 2), keepdims=True)) + 1e-6
    flat = centred.reshape(len(frames), -1)
    best = np.full((len(frames),) * 2, -1, np.float32)
    which = np.zeros(best.shape, np.int8)
    for place, name in enumerate(ORIENTATIONS):
        values = flat @ np.ascontiguousarray(orient(centred, name)).reshape(len(frames), -1).T
        which[values > best] = place
        np.maximum(best, values, out=best)
    return best, which


def draw_pairs(prepared: PreparedSet, seed: int = 0) -> list[Pair]:
    """Draw pairs of healthy scans, by position in the manifest."""
    rng = np.random.default_rng(seed)
    healthy = [i for i, row in enumerate(prepared.manifest) if row.label == HEALTHY]
    frames = np.asarray(prepared.frames)
    pairs = find_near_duplicates(frames, LOWEST)
    clusters = cluster([pair for pair in pairs if pair.similarity >= 0.82], len(frames))
    compared = {(pair.first, pair.second) for pair in pairs}
    best, which = correlations(frames[healthy])
    names = list(ORIENTATIONS)
    never = [
        Pair(healthy[i], healthy[j], names[which[i, j]], NEVER, round(float(best[i, j]), 4))
        for i, j in zip(*np.nonzero(np.triu(best >= CORRELATIONS[0], 1)), strict=True)
        if (healthy[i], healthy[j]) not in compared
    ]
    of_healthy = set(healthy)
    ranges = [
        [
            p
            for p in pairs
            if p.first in of_healthy and p.second in of_healthy and lo <= p.similarity < hi
        ]
        for lo, hi in pairwise(SIMILARITIES)
    ] + [[p for p in never if lo <= p.frame_correlation < hi] for lo, hi in pairwise(CORRELATIONS)]
    drawn: list[Pair] = []
    known: set[tuple[int, ...]] = set()
    for some in ranges:
        left = EACH
        for place in rng.permutation(len(some)):
            pair = some[place]
            ends = tuple(sorted((int(clusters[pair.first]), int(clusters[pair.second]))))
            # Inside one cluster the ends are the same; every such pair is of another two scans.
            key = (*ends, len(drawn)) if ends[0] == ends[1] and rng.random() < 0.5 else ends
            if left and key not in known:
                known.add(key)
                drawn.append(pair)
                left -= 1
    return [drawn[i] for i in rng.permutation(len(drawn))]


def draw_sheet(prepared: PreparedSet, root: Path, numbered: list[tuple[int, Pair]]) -> Grey:
    """Lay pairs side by side, the second turned as the first, at the files' own resolution."""
    cells = []
    for number, pair in numbered:
        ends = []
        for position, name in ((pair.first, "as is"), (pair.second, pair.orientation)):
            path = root / prepared.manifest[position].path
            scan = decode_grey(path.read_bytes())
            small = cv2.resize(scan, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            ends.append(np.ascontiguousarray(orient(np.asarray(small, np.uint8), name)))
        cell = cv2.copyMakeBorder(np.hstack(ends), 22, 4, 4, 8, cv2.BORDER_CONSTANT, value=255)
        cells.append(cv2.putText(cell, str(number), (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0))
    while len(cells) % 3:
        cells.append(np.full_like(cells[0], 255))
    return np.vstack([np.hstack(cells[start : start + 3]) for start in range(0, len(cells), 3)])


def main(folder: str, raw: str, sheets: str) -> None:
    """Draw pairs, and write their table and their sheets."""
    prepared, into = open_prepared(Path(folder)), Path(sheets)
    into.mkdir(parents=True, exist_ok=True)
    pairs = draw_pairs(prepared)
    write_pairs(into / "pairs.csv", pairs, [row.path for row in prepared.manifest])
    numbered = list(enumerate(pairs))
    for start in range(0, len(pairs), ON_A_SHEET):
        some = numbered[start : start + ON_A_SHEET]
        cv2.imwrite(str(into / f"sheet-{start:03d}.png"), draw_sheet(prepared, Path(raw), some))
    print(f"{len(pairs)} pairs: table and sheets in {into}")


if __name__ == "__main__":
    main(*sys.argv[1:])
