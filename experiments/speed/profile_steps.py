"""Where the time of preparing goes, step by step.

    python experiments/speed/profile_steps.py FOLDER

FOLDER holds Training/ and Testing/. Writes profile.md beside this file. Preparing is timed step by
step in one thread, all scans through one step before the next begins, in runs of `RUN` scans whose
pixels are let go afterwards; the search for near-duplicates as it runs. All of it is
processor time, which other work on the machine changes little.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brain_tumor.engine.allocator import keep_freed_memory

keep_freed_memory()  # before torch is imported

import cv2  # noqa: E402
import hydra  # noqa: E402
import numpy as np  # noqa: E402
from omegaconf import DictConfig  # noqa: E402

from brain_tumor.cli.command import conf_folder, register_resolvers  # noqa: E402
from brain_tumor.data.groups.near_duplicates import find_near_duplicates  # noqa: E402
from brain_tumor.data.groups.settings import NearDuplicateSettings  # noqa: E402
from brain_tumor.data.prepared.crop import CropSettings, cut_to_head, find_head  # noqa: E402
from brain_tumor.data.prepared.exact_duplicates import pixel_digest  # noqa: E402
from brain_tumor.data.prepared.thumbnails import thumbnail  # noqa: E402
from brain_tumor.data.sources.folder import FolderSource  # noqa: E402
from brain_tumor.files.picture import decode_grey, open_picture  # noqa: E402
from brain_tumor.files.read import md5  # noqa: E402
from brain_tumor.rendering.page import DataTable, to_markdown  # noqa: E402

HERE = Path(__file__).parent
RUN = 256  # scans
# What the search for near-duplicates does up to each of its hundred steps.
SEARCH = {
    20: "describe edges",
    30: "candidates by heads",
    40: "candidates by frames",
    70: "lay heads on each other",
    100: "lay frames on each other",
}
# What any preparing does that crops and drops exact duplicates, as the report did.
REPORT = ("read", "decode, to grey", "find the head", "cut and resize", "MD5 of the pixels")
# What the usual script does.
SCRIPT = ("read", "decode, to grey", "find the head", "cut and resize", "write a JPEG")


def preparing(root: Path, data: DictConfig) -> DataTable:
    """Time the steps of preparing, in one thread."""
    cv2.setNumThreads(1)
    crop = CropSettings(**data.crop)
    scans = FolderSource(root).scans()
    seconds: dict[str, float] = defaultdict(float)
    frames: list[Any] = []

    def step(name: str, function: Callable[..., Any], *provided: list[Any]) -> list[Any]:
        begun = time.thread_time()
        made = [function(*one) for one in zip(*provided, strict=True)]
        seconds[name] += time.thread_time() - begun
        return made

    for start in range(0, len(scans), RUN):
        paths = [root / scan.path for scan in scans[start : start + RUN]]
        contents = step("read", Path.read_bytes, paths)
        step("MD5 of the file", md5, contents)
        step("header", open_picture, contents)
        greys = step("decode, to grey", decode_grey, contents)
        boxes = step("find the head", lambda grey: find_head(grey, crop), greys)
        heads = step("cut and resize", lambda g, b: cut_to_head(g, b, crop.size), greys, boxes)
        step("MD5 of the pixels", pixel_digest, heads)
        frames += step("thumbnail of the frame", thumbnail, greys)
        step("write a JPEG", lambda head: cv2.imencode(".jpg", head), heads)
    jpeg = seconds.pop("write a JPEG")
    seconds["read and MD5 once more, to name the set"] = (
        seconds["read"] + seconds["MD5 of the file"]
    )
    searched = _searching(np.stack(frames), seconds)
    sums = {
        "all of these": sum(seconds.values()),
        "without the search": sum(seconds.values()) - searched,
        "least for the report's crops and exact duplicates": sum(seconds[name] for name in REPORT),
        "the usual script": sum((seconds | {"write a JPEG": jpeg})[name] for name in SCRIPT),
    }
    rows = [
        [name, f"{value:.2f}", f"{1000 * value / len(scans):.3f}"]
        for name, value in (seconds | sums).items()
    ]
    columns = ("step", "seconds of one core", "ms per scan")
    title = f"Preparing {len(scans):,} scans, processor time"
    return DataTable(title, columns, rows, "", 1, [len(seconds)])


def _searching(frames: Any, seconds: dict[str, float]) -> float:
    """Time the search for near-duplicates; gives its seconds, and adds each part's."""
    ends: dict[int, float] = {}
    begun = before = time.process_time()

    def reached(done: int, total: int) -> None:
        ends.setdefault(done, time.process_time())

    find_near_duplicates(frames, NearDuplicateSettings(), reached)
    for step, name in SEARCH.items():
        now = min(moment for done, moment in ends.items() if done >= step)
        seconds[f"search: {name}"] = now - before
        before = now
    return before - begun


def main() -> None:
    """Measure and write."""
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("benchmark", ["folder=."])
    text = to_markdown(preparing(Path(sys.argv[1]), config.data)).strip()
    (HERE / "profile.md").write_text(f"# Where the time goes\n\n{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main()
