"""Which thresholds find the known slices: precision and recall of each view at each of them.

    python experiments/near_duplicates/thresholds.py PREPARED

PREPARED is the folder of a prepared set whose patient table names slices; its raw scans are
searched once, at the lowest threshold. Writes thresholds.csv beside this file.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from brain_tumor.data.groups import numbered
from brain_tumor.data.near_duplicates import (
    FRAME,
    HEAD,
    NearDuplicateSettings,
    cluster,
    find_near_duplicates,
)
from brain_tumor.data.prepared import open_prepared
from brain_tumor.data.thumbnails import thumbnail
from brain_tumor.evaluation.matching import score_matching

HERE = Path(__file__).parent
THRESHOLDS = (0.93, 0.94, 0.95, 0.96, 0.97, 0.975, 0.98, 0.985, 0.99, 0.995)


def main(folder: str) -> None:
    """Search, then score every threshold of both views on the kept scans."""
    prepared = open_prepared(Path(folder))
    raw = [number for number, row in enumerate(prepared.manifest) if row.row is not None]
    frames = np.asarray(prepared.frames)[raw]
    heads = np.stack([thumbnail(np.asarray(scan)) for scan in prepared.images])
    least = NearDuplicateSettings(frame=THRESHOLDS[0], head=THRESHOLDS[0])
    pairs = find_near_duplicates(frames, heads, least)
    slices = numbered([row.slice_key for row in prepared.kept])
    with (HERE / "thresholds.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["view", "threshold", "pairs", "clusters", "true", "found", "right"])
        for view in (FRAME, HEAD):
            for threshold in THRESHOLDS:
                own = [p for p in pairs if p.view == view and p.correlation >= threshold]
                clusters = cluster(own, len(raw))
                scores = score_matching(clusters, slices)
                counts = (scores.true_pairs, scores.found_pairs, scores.right_pairs)
                writer.writerow([view, threshold, len(own), int(clusters.max()) + 1, *counts])


if __name__ == "__main__":
    main(*sys.argv[1:])
