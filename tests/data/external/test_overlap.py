from dataclasses import replace
from pathlib import Path

import numpy as np
from overlap_table import read_overlap

from brain_tumor.data.external.overlap import find_overlap, write_overlap
from brain_tumor.data.external.training_scans import TrainingScans
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.prepared.manifest import ManifestRow
from brain_tumor.data.prepared.prepared_set import PreparedSet

OWN = ("Training/glioma/a.jpg", "Testing/glioma/b.jpg")


def learnt_of(row: ManifestRow) -> TrainingScans:
    return TrainingScans((row, row), np.zeros((2, 96, 96), np.uint8), OWN, ("train", "validation"))


def test_near_duplicates_of_near_duplicates_are_seen_too(prepared: PreparedSet) -> None:
    row = replace(prepared.kept[0], slice_id="", patient="", patient_group="")
    clusters = (0, 0, 1, 2, 0)
    rows = [replace(row, path=f"{i}.png", related=number) for i, number in enumerate(clusters)]
    rows[4] = replace(rows[4], status="unusable")
    across = [
        Pair(0, 1, "as is", 0.985, 0.9),
        Pair(1, 1, "transposed", 0.97, 0.9),
        Pair(1, 2, "as is", 0.961, 0.9),
        Pair(0, 2, "mirrored left to right", 0.99, 0.9),
    ]
    found = find_overlap(learnt_of(row), rows, across)
    assert list(found) == [0, 1, 2]  # not the unusable one, whatever its cluster
    assert [scan.through for scan in found.values()] == ["1.png", "", ""]
    shown = [(scan.training_scan, scan.part, scan.similarity) for scan in found.values()]
    assert shown == [(OWN[0], "train", 0.985), (OWN[0], "train", 0.985), (OWN[0], "train", 0.99)]
    assert found[2].reason == (
        "related to the training scan Training/glioma/a.jpg "
        "(mirrored left to right, similarity 0.990)"
    )
    assert found[0].reason == (
        "in one group with 1.png, related to the training scan Training/glioma/a.jpg "
        "(as is, similarity 0.985)"
    )


def test_what_is_written_is_read(prepared: PreparedSet, tmp_path: Path) -> None:
    rows = [replace(prepared.kept[0], path="glioma/x, y.png"), prepared.kept[1]]
    across = [Pair(1, 0, "turned clockwise", 0.9612, 0.9), Pair(0, 1, "as is", 1.0, 1.0)]
    seen = list(find_overlap(learnt_of(rows[0]), rows, across).values())
    write_overlap(tmp_path / "seen.csv", seen)
    assert read_overlap(tmp_path / "seen.csv") == seen
    assert [scan.part for scan in seen] == ["validation", "train"]
    header = (tmp_path / "seen.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "path,training_scan,part,orientation,similarity,through"
