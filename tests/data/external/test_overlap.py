import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from overlap_table import read_overlap

from brain_tumor.data.external.overlap import (
    TrainingScans,
    compare_with,
    find_overlap,
    training_scans,
    write_overlap,
)
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.prepared.manifest import ManifestRow
from brain_tumor.data.prepared.prepare import PrepareSettings, prepare_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.prepared.thumbnails import thumbnail
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.data.split import Split
from brain_tumor.files.picture import decode_grey

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


def rows_of(prepared: PreparedSet, *parts: list[int]) -> Split:
    train, validation, test = (np.array(rows, np.int64) for rows in parts)
    return Split(train, validation, test)


def test_test_scans_and_those_in_no_part_are_not_learnt_from(prepared: PreparedSet) -> None:
    learnt = training_scans(prepared, rows_of(prepared, [0, 4], [7], [2, 9]))
    kept = prepared.kept
    assert learnt.kept == (kept[0].path, kept[4].path, kept[7].path)
    assert learnt.parts == ("train", "train", "validation")
    assert [row.path for row in learnt.rows] == list(learnt.kept)
    for row, frame in zip(learnt.rows, learnt.frames, strict=True):
        position = prepared.manifest.index(row)
        np.testing.assert_array_equal(frame, prepared.frames[position])


def test_a_dropped_copy_of_another_margin_is_compared_too(
    phantom_root: Path, report_settings: PrepareSettings, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(phantom_root, tmp_path / "raw"))
    original = sorted((root / "Training" / "glioma").glob("*.jpg"))[0]
    scan = decode_grey(original.read_bytes())
    wide = cv2.copyMakeBorder(scan, 200, 0, 0, 300, cv2.BORDER_CONSTANT, value=0)
    cv2.imwrite(str(original.with_name("zz.png")), wide)
    run = prepare_scans(
        FolderSource(root), replace(report_settings, patients=None), tmp_path / "a", "own"
    )
    (copy,) = [row for row in run.manifest if row.path.endswith("zz.png")]
    assert copy.status == "duplicate"
    everything = rows_of(run, list(range(len(run.kept))), [], [])
    learnt = training_scans(run, everything)
    place = learnt.rows.index(copy)
    assert learnt.kept[place] == copy.duplicate_of
    # Copies of the same frame are not: they would be compared twice.
    assert len(learnt.rows) == len(run.kept) + 1
    # A scan with the wide frame, whose own head was found elsewhere.
    foreign = replace(copy, left=0, top=0, right=40, bottom=40, pixel_md5="other")
    settings = report_settings.near_duplicates
    _, across = compare_with(learnt, [foreign], thumbnail(wide)[None], settings)
    assert place in {pair.first for pair in across}


def test_pairs_inside_and_across_are_told_apart(
    prepared: PreparedSet, report_settings: PrepareSettings
) -> None:
    learnt = training_scans(prepared, rows_of(prepared, [0, 3], [], []))
    rows = [replace(prepared.kept[i], pixel_md5=str(i)) for i in (5, 3, 5)]
    positions = [prepared.manifest.index(prepared.kept[i]) for i in (5, 3, 5)]
    inside, across = compare_with(
        learnt, rows, prepared.frames[positions], report_settings.near_duplicates
    )
    assert {(pair.first, pair.second) for pair in inside} == {(0, 2)}
    assert {(pair.first, pair.second) for pair in across} == {(1, 1)}
