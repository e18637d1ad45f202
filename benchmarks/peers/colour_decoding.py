"""Nothing but decoding every raw scan to colour, with two threads."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2

from benchmarks.turns import Turns

THREADS = 2


def decode(path: Path) -> int:
    """Decode a file and forget its pixels; give how many scans that were, 0 or 1."""
    return int(cv2.imread(str(path)) is not None)


def decode_folder(job: dict[str, Any], turns: Turns) -> None:
    """Decode all scans per turn.

    Args:
        job: `root`, the raw folder.
        turns: Tell when.
    """
    paths = sorted(path for path in Path(job["root"]).glob("*/*/*") if path.is_file())
    while turns.wait():
        begun = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            sum(pool.map(decode, paths))
        turns.done(time.perf_counter() - begun, len(paths))
