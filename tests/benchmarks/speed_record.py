"""The content of a small benchmark.json."""

from typing import Any


def side(median: float, scans: int | None, extras: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "cost": {"median": median, "low": median * 0.9, "high": median * 1.2},
        "seconds": [median * (scans or 1)] * 3,
        "scans": scans,
        "extras": extras or {},
        "threads": None,
        "peak_resident": 300 * 2**20,
        "peak_anonymous": None,
    }


def row(peer: str | None, ratio: float | None, target: float | None, met: bool | None) -> dict:
    found = {"median": ratio, "low": 0.9 * (ratio or 1), "high": 1.1 * (ratio or 1)}
    found = None if ratio is None else found
    return {"peer": peer, "target": target, "ratio": found, "met": met, "fault": None}


def record() -> dict[str, Any]:
    fixed = {"fixed": {"median": 0.5, "low": 0.4, "high": 0.6}}
    train = {
        "name": "train_gbmnet",
        "title": "train gbmnet",
        "inside": "batches of 32",
        "peers": {
            "plain_loop": {"title": "plain loop", "what": "plain PyTorch"},
            "kornia": {"title": "Kornia", "what": "its operations"},
        },
        "sides": {"ours": side(0.0125, 384, fixed), "plain_loop": side(0.04, 384)},
        "rows": [
            row("plain_loop", 0.3125, 0.4, True),
            {"peer": "kornia", "target": 1.0, "fault": "kornia is not installed"},
        ],
    }
    start = {
        "name": "help",
        "title": "train --help",
        "inside": "a process of its own",
        "peers": {},
        "sides": {"ours": side(1.75, None)},
        "rows": [row(None, None, 1.5, False)],
    }
    return {
        "provenance": {
            "versions": {"python": "3.11.7", "torch": "2.15.0"},
            "machine": "Linux x86_64",
            "git": None,
            "started": "2026-01-02T03:04:05+00:00",
        },
        "machine": {
            "processor": "A processor",
            "cores": 2,
            "memory": 24 * 2**30,
            "card": None,
            "threads": 2,
            "load": 0.1,
        },
        "data": {"name": "phantom", "drawn": True, "raw": 658, "kept": 600, "fingerprint": "ab"},
        "asked": {
            "warm_up": 1,
            "repeats": 3,
            "threads": None,
            "raw_scans": 1400,
            "test_scans": None,
        },
        "contests": [train, start],
        "growth": [
            {
                "title": "augment",
                "axis": "batch",
                "sizes": [8, 32, 1280],
                "sides": {"8": side(0.002, 64), "32": side(0.001, 64)},
                "failed": {"1280": "out of memory"},
            }
        ],
        "larger_than_memory": {
            "physical_memory": 24 * 2**30,
            "sets": [
                {"scans": 6589, "bytes": 6589 * 65536, "num_workers": 0}
                | {"side": side(0.0125, 384), "fault": None},
                {"scans": 400_000, "bytes": 400_000 * 65536, "num_workers": 2}
                | {"side": None, "fault": "the disk is full"},
            ],
        },
        "cuda": "No NVIDIA card is here: whole trainings on one were not timed.",
    }
