"""A whole audit as `audit.json` holds it, with the numbers of the report's set where known."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from brain_tumor.audit.page.page import audit_page
from brain_tumor.rendering.charts.contact_sheet import contact_sheet, group_sheet
from brain_tumor.rendering.page import Page

CLASSES = ["glioma", "meningioma", "notumor", "pituitary"]
RELATIONS = ["exact copy", "slice", "near-duplicate", "patient", "any"]
CONTRADICTED = [
    "Testing/pituitary/Te-piTr_0002.jpg",
    "Training/pituitary/Tr-pi_0043.jpg",
    "Training/pituitary/Tr-pi_0515.jpg",
    "Training/pituitary/Tr-pi_0520.jpg",
]


def overlap(test: int, known: int, shared: int, per_class: list[float | None]) -> dict[str, Any]:
    return {
        "known": known,
        "shared": shared,
        "share_of_known": shared / known if known else None,
        "share_of_all": shared / test,
        "per_class": dict(zip(CLASSES, per_class, strict=True)),
    }


def leakage(split: str, detail: str, train: int, test: int, shared: list[int]) -> dict[str, Any]:
    known = [test, round(0.723 * test), test, round(0.723 * test), test]
    return {
        "split": split,
        "detail": detail,
        "train": train,
        "test": test,
        "overlaps": {
            name: overlap(test, known[i], shared[i], [shared[i] / test] * 3 + [None])
            for i, name in enumerate(RELATIONS)
        },
    }


def probe(sees: str, task: str, split: str, value: float, kind: str = "probe") -> dict[str, Any]:
    return {
        "sees": sees,
        "kind": kind,
        "split": split,
        "detail": "seed 0" if split == "report" else "fold 0",
        "task": task,
        "test": 1648,
        "accuracy": {"value": value, "low": value - 0.016, "high": value + 0.016},
        "balanced_accuracy": {"value": value - 0.01, "low": value - 0.03, "high": value + 0.01},
        "majority": 0.264 if task == "four classes" else 0.742,
    }


def balance(raw: Sequence[int], kept: Sequence[int]) -> dict[str, dict[str, int]]:
    rows = zip(CLASSES, raw, kept, strict=True)
    return {name: {"raw": before, "kept": after} for name, before, after in rows}


FOUR, BINARY = "four classes", "notumor against the rest"
SIZE = "width, height and aspect of the raw file"
LIGHT = "mean, spread, five percentiles and sharpness of the cropped scan"
MARGIN = "the outer 8 pixels of the cropped scan"
EXACT = {"groups": 421, "copies": 434, "across_folders": 182, "across_labels": 0}
AUDIT: dict[str, Any] = {
    "data": {
        "name": "brain_tumor_mri",
        "root": "data/brain-tumor-mri",
        "prepared": "data/prepared/brain_tumor_mri-0f3a9c1d22b4",
        "fingerprint": "0f3a9c1d22b4",
        "classes": CLASSES,
    },
    "provenance": {
        "command": ["audit.py", "data.root=data/brain-tumor-mri", "audit.runs=[runs/a,runs/b]"],
        "versions": {
            "python": "3.11.2",
            "brain-tumor": "0.2.0",
            "torch": "2.15.0",
            "kagglehub": None,
        },
        "machine": "Linux x86_64",
        "git": "40753aa40753aa40753aa40753aa40753aa40753",
        "started": "2026-01-05 10:11:12",
        "seconds": {"prepare": 41.3, "audit": 88.2},
        "peak_memory_bytes": 1_310_000_000,
    },
    "files": {
        "raw": 7023,
        "kept": 6589,
        "unusable": 0,
        "formats": {"JPEG RGB": 3925, "JPEG L": 3093, "PNG RGBA": 3, "PNG RGB": 1, "PNG P": 1},
        "sizes": {
            "distinct": 387,
            "most_common": [["512 x 512", 4742], ["225 x 225", 332], ["630 x 630", 90]],
        },
        "known_version": {
            "name": "Kaggle version 1",
            "same": True,
            "sentence": "Counts per folder are those of Kaggle version 1.",
        },
        "balance": {
            "Training": balance((1321, 1339, 1595, 1457), (1321, 1280, 1441, 1455)),
            "Testing": balance((300, 306, 405, 300), (299, 250, 258, 285)),
        },
        "findings": [
            {
                "id": "undecodable",
                "title": "Cannot be decoded",
                "explanation": "They are left out.",
                "count": 0,
                "files": [],
            },
            {
                "id": "wrong_extension",
                "title": "Another format than the name says",
                "explanation": "The name ends in .jpg and the file is a PNG. They are read all the "
                "same, but tools that trust the name may not read them.",
                "count": 5,
                "files": [
                    {"path": f"Training/notumor/Tr-noTr_000{i}.jpg", "detail": "PNG, RGBA"}
                    for i in range(5)
                ],
            },
            {
                "id": "odd_size",
                "title": "Unusual size or aspect",
                "explanation": "Smaller than 200 pixels, or more than half again as high as wide.",
                "count": 431,
                "files": [
                    {"path": f"Training/notumor/Tr-no_{i:04d}.jpg", "detail": f"{150 + i} x 198"}
                    for i in range(50)
                ],
            },
        ],
    },
    "exact": {
        "by": {
            "file bytes": {**EXACT, "copies": 297, "within": {"Training": 150, "Testing": 20}},
            "decoded pixels": {**EXACT, "copies": 426, "within": {"Training": 207, "Testing": 30}},
            "cropped pixels": {
                **EXACT,
                "across_labels": 1,
                "within": {"Training": 215, "Testing": 37},
            },
        },
        "dropped": {"training": 215, "testing": 37, "testing_in_training": 182},
        "groups": [{"paths": CONTRADICTED[:2], "labels": ["pituitary", "meningioma"]}],
        "across_labels": 1,
    },
    "near": {
        "thresholds": {
            "same_slice": 0.82,
            "related": 0.68,
            "related_if_frames_agree": 0.5,
            "frames_agree": 0.88,
        },
        "pairs": 11870,
        "related_pairs": 13012,
        "related_groups": 2823,
        "clusters": 3731,
        "clusters_of_two_or_more": 1842,
        "scans_with_a_near_duplicate": 4700,
        "largest": 46,
        "pairs_by_similarity": {"0.7 to 0.8": 1142, "0.9 to 1.0": 11870},
        "pairs_by_orientation": {
            "as is": 9100,
            "mirrored left to right": 2700,
            "mirrored top to bottom": 0,
            "turned by 180 degrees": 70,
        },
        "per_class": {
            name: {"scans": 1600 + i, "clusters": 900 + i, "largest": 4 + i, "related": 800 + i}
            for i, name in enumerate(CLASSES)
        },
        "across_labels": [
            {
                "paths": [path, "Training/meningioma/Tr-me_0007.jpg"],
                "labels": ["pituitary", "meningioma"],
            }
            for path in CONTRADICTED
        ],
        "truth": {
            "true_pairs": 1711,
            "found_pairs": 1710,
            "right_pairs": 1710,
            "precision": 1.0,
            "recall": 1710 / 1711,
            "wrong": [],
            "missed": [["Training/glioma/Tr-gl_0001.jpg", "Testing/glioma/Te-gl_0002.jpg"]],
        },
        "seconds": 31.4,
    },
    "patients": {
        "source": "the Figshare brain tumor dataset (CC BY 4.0)",
        "scans": 4750,
        "slices": 3064,
        "patients": 233,
        "groups": 209,
        "per_class": {
            name: {"known": 1400 + i, "unknown": 15 + i, "patients": 60 + i}
            for i, name in enumerate(CLASSES)
        },
        "contradicted": [
            {"path": path, "label": "pituitary", "known_label": "meningioma", "slice": 955 + i}
            for i, path in enumerate(CONTRADICTED)
        ],
    },
    "leakage": [
        leakage("published", "nothing dropped", 5712, 1311, [182, 481, 700, 788, 1009]),
        leakage("official", "", 5497, 1092, [0, 400, 560, 690, 850]),
        *(
            leakage(
                "report", f"seed {i}", 4941, 1648, [0, 610 + 6 * i, 970 + i, 1189, 1430 + 4 * i]
            )
            for i in range(5)
        ),
        *(leakage("patient", f"fold {i}", 4942 - i, 1647 + i, [0, 0, 0, 0, 0]) for i in range(4)),
    ],
    "lookalikes": {
        "level": 0.93,
        "count": 1,
        "scans": 2,
        "pairs": [
            {
                "paths": ["Training/glioma/Tr-gl_0003.jpg", "Testing/glioma/Te-gl_0009.jpg"],
                "correlation": 0.9412,
                "patients": "two known",
            }
        ],
    },
    "shortcuts": [
        *(
            probe(sees, task, split, value)
            for sees, values in {
                SIZE: (0.52, 0.52, 0.98, 0.98),
                LIGHT: (0.84, 0.74, 0.98, 0.97),
                MARGIN: (0.88, 0.81, 0.97, 0.969),
            }.items()
            for (task, split), value in zip(
                ((FOUR, "report"), (FOUR, "patient"), (BINARY, "report"), (BINARY, "patient")),
                values,
                strict=True,
            )
        ),
        *(
            probe("the cropped scan (gbmnet)", FOUR, split, value, "classifier")
            for split, value in (("report", 0.907), ("patient", 0.81))
        ),
    ],
    "report": {
        "rows": [
            {
                "folder": folder,
                "kept": sum(counts),
                "report_class": called,
                "report_train": counts[0],
                "report_test": counts[1],
                "named_alike": {"train": alike[0], "test": alike[1]},
            }
            for folder, called, counts, alike in (
                ("notumor", "glioma", (1274, 425), (1147, 383)),
                ("glioma", "meningioma", (1215, 405), (1274, 425)),
                ("meningioma", "no tumor", (1147, 383), (1215, 405)),
                ("pituitary", "pituitary", (1305, 435), (1305, 435)),
            )
        ],
        "steps": [
            {"step": "duplicates in Training", "report": 215, "measured": 215},
            {"step": "scans left", "report": 6589, "measured": 6589},
        ],
        "same": True,
    },
}


def drawn_scan(number: int, size: tuple[int, int] = (96, 80)) -> npt.NDArray[np.uint8]:
    """Draw a bright ellipse, another one for each number."""
    rows, columns = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    radius = np.hypot(rows * (1.1 + number % 3 / 5), columns * (1.2 + number % 4 / 6))
    return np.where(radius < 1, 60 + 150 * np.cos(3 * radius + number) ** 2, 8).astype(np.uint8)


@pytest.fixture
def audit() -> dict[str, Any]:
    return copy.deepcopy(AUDIT)


@pytest.fixture(scope="session")
def audit_sheets() -> dict[str, bytes]:
    pairs = [[(drawn_scan(i), f"Training/pituitary/Tr-pi_{i:04d}.jpg")] * 2 for i in range(9)]
    return {
        "wrong_extension": contact_sheet([drawn_scan(i) for i in range(5)], ["a/b.jpg"] * 5),
        "odd_size": contact_sheet(
            [drawn_scan(i, (60 + i, 90)) for i in range(50)],
            [f"Training/notumor/Tr-no_{i:04d}.jpg\n{150 + i} x 198" for i in range(50)],
        ),
        "near_clusters": group_sheet([[pair for pair in pairs for pair in pair], *pairs]),
        "near_across_labels": group_sheet(pairs[:4]),
        "near_missed": group_sheet(pairs[:1]),
        "contradicted": contact_sheet([drawn_scan(i) for i in range(4)], CONTRADICTED),
    }


@pytest.fixture
def page(audit: dict[str, Any], audit_sheets: dict[str, bytes]) -> Page:
    return audit_page(audit, audit_sheets, "sheets")
