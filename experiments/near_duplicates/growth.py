"""How time and memory of the search for near-duplicates grow with the number of scans.

    python experiments/near_duplicates/growth.py PREPARED [SCANS ...]

PREPARED is the folder of a prepared set; its scans, turned and scaled at random, stand for as many
different ones as are wanted. Each size runs in a process of its own, so that its peak memory can be
told. Writes growth.csv and growth.png beside this file.
"""

import csv
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure

from brain_tumor.data.groups.near_duplicates import cluster, find_near_duplicates
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.prepared.prepared_set import open_prepared

HERE = Path(__file__).parent
SIZES = (3_500, 7_000, 15_000, 60_000)


def measure(folder: str, scans: int) -> dict[str, float]:
    """Time one search."""
    prepared = open_prepared(Path(folder))
    settings = NearDuplicateSettings(**prepared.summary["near_duplicates"])
    rng = np.random.default_rng(0)
    frames = np.empty((scans, 96, 96), np.uint8)
    for i in range(scans):
        turn = cv2.getRotationMatrix2D((48, 48), rng.uniform(-180, 180), rng.uniform(0.7, 1.2))
        frame = np.asarray(prepared.frames[i % len(prepared.frames)])
        frames[i] = cv2.warpAffine(frame, turn, (96, 96))
    begun, worked = time.perf_counter(), time.process_time()
    pairs = find_near_duplicates(frames, settings)
    seconds, processor = time.perf_counter() - begun, time.process_time() - worked
    clusters = len(set(cluster(pairs, scans).tolist()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "scans": scans,
        "seconds": seconds,
        "processor": processor,
        "bytes": peak,
        "pairs": len(pairs),
        "clusters": clusters,
    }


def draw(rows: list[dict[str, float]]) -> None:
    """Draw seconds and memory over scans."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    scans = np.array([row["scans"] for row in rows])
    for axes, key, scale, label in zip(
        figure.subplots(1, 2),
        ("processor", "bytes"),
        (1, 2**30),
        ("processor seconds, of all threads", "peak memory, GiB"),
        strict=True,
    ):
        values = np.array([row[key] for row in rows]) / scale
        axes.plot(scans, values, "o-", label="measured")
        if key == "processor":
            axes.plot(
                scans, values[-1] * (scans / scans[-1]) ** 2, "--", label="square of the scans"
            )
            axes.legend()
        axes.set_xlabel("scans")
        axes.set_ylabel(label)
        axes.set_ylim(0)
    figure.savefig(HERE / "growth.png", dpi=110)


def main(folder: str, *sizes: str) -> None:
    """Measure every size and write what came out."""
    rows = []
    for scans in map(int, sizes or SIZES):
        code = f"import sys, json; sys.path.insert(0, {str(HERE)!r}); import growth; "
        code += f"print(json.dumps(growth.measure({folder!r}, {scans})))"
        ended = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        )
        rows.append(json.loads(ended.stdout))
        print(rows[-1])
    with (HERE / "growth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: round(value, 1) for key, value in row.items()} for row in rows)
    draw(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
