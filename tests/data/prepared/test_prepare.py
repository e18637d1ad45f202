import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import hostile
import numpy as np
import pytest
from phantoms import PhantomTruth
from planted_counts import planted_counts

from brain_tumor.data.prepared.prepare import PrepareSettings, prepare_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.prepared.write import open_or_write
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.errors import DataError
from brain_tumor.files.dicom import open_dicom
from brain_tumor.files.picture import decode_grey


def copied(root: Path, place: Path) -> Path:
    return Path(shutil.copytree(root, place / "raw"))


def test_every_planted_number_is_found(prepared: PreparedSet, truth: PhantomTruth) -> None:
    expected = planted_counts(truth)
    for key in ("raw", "duplicates", "kept", "classes"):
        assert prepared.summary[key] == expected[key], key
    assert all(count > 0 for count in expected["duplicates"].values())
    assert prepared.summary == json.loads((prepared.folder / "summary.json").read_text())


def test_the_manifest_accounts_for_every_file(prepared: PreparedSet, truth: PhantomTruth) -> None:
    rows = {row.path: row for row in prepared.manifest}
    assert set(rows) == {scan.path for scan in truth.scans}
    by_path = {scan.path: scan for scan in truth.scans}
    for path, row in rows.items():
        scan = by_path[path]
        assert (row.width, row.height) == (scan.width, scan.height)
        assert (row.folder, row.label) == (scan.folder, scan.label)
        assert (row.row is not None) == (row.status == "kept") == (not row.reason)
        if row.status == "duplicate":
            assert rows[row.duplicate_of].pixel_md5 == row.pixel_md5
            assert by_path[row.duplicate_of].slice_id == scan.slice_id
        if scan.mirrored:
            assert row.status == "kept" or row.duplicate_of
    kinds = Counter(row.format for row in rows.values())
    assert kinds["PNG"] and kinds["JPEG"]
    assert any(row.format == "PNG" and row.path.endswith(".jpg") for row in rows.values())


def test_images_are_the_cut_scans_in_manifest_order(
    prepared: PreparedSet, phantom_root: Path
) -> None:
    assert prepared.images.dtype == np.uint8
    assert prepared.images.shape == (prepared.summary["kept"], 256, 256)
    assert isinstance(prepared.images, np.memmap)
    for row in prepared.kept[::7]:
        if row.mode == "I;16":
            continue  # OpenCV's grey reading takes the upper byte
        scan = cv2.imread(str(phantom_root / row.path), cv2.IMREAD_GRAYSCALE)
        cut = cv2.resize(scan[row.top : row.bottom, row.left : row.right], (256, 256))
        # Reading a colour JPEG as grey rounds differently by one.
        assert np.abs(cut.astype(int) - prepared.images[row.row]).max() <= 1
    assert [prepared.classes[label] for label in prepared.labels] == [
        row.label for row in prepared.kept
    ]


def test_a_second_call_opens_what_the_first_made(
    prepared: PreparedSet, phantom_root: Path, report_settings: PrepareSettings
) -> None:
    before = (prepared.folder / "images.npy").stat().st_mtime_ns
    again = prepare_scans(
        FolderSource(phantom_root), report_settings, prepared.folder.parent, "phantom"
    )
    assert again.folder == prepared.folder
    assert (prepared.folder / "images.npy").stat().st_mtime_ns == before


def test_other_content_or_settings_give_another_set(
    prepared: PreparedSet, phantom_root: Path, report_settings: PrepareSettings, tmp_path: Path
) -> None:
    root = copied(phantom_root, tmp_path)
    same = prepare_scans(FolderSource(root), report_settings, tmp_path / "a", "phantom")
    assert same.fingerprint == prepared.fingerprint  # dates and places do not count
    next((root / "Training" / "glioma").iterdir()).unlink()
    fewer = prepare_scans(FolderSource(root), report_settings, tmp_path / "a", "phantom")
    wider = replace(report_settings, crop=replace(report_settings.crop, threshold=30))
    other = prepare_scans(FolderSource(root), wider, tmp_path / "a", "phantom")
    assert len({prepared.fingerprint, fewer.fingerprint, other.fingerprint}) == 3
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == sorted(
        p.folder.name for p in (same, fewer, other)
    )


def test_blank_and_broken_files_are_kept_out_with_their_reason(
    phantom_root: Path, report_settings: PrepareSettings, tmp_path: Path
) -> None:
    root = copied(phantom_root, tmp_path)
    blank = cv2.imencode(".png", np.zeros((64, 64), np.uint8))[1].tobytes()
    (root / "Training" / "glioma" / "blank.png").write_bytes(blank)
    (root / "Training" / "glioma" / "Thumbs.db").write_bytes(b"no picture")
    (root / "Testing" / "pituitary" / "empty.jpg").write_bytes(b"")
    whole = next((root / "Testing" / "notumor").glob("*.jpg")).read_bytes()
    (root / "Testing" / "notumor" / "truncated.jpg").write_bytes(whole[:40])
    found = prepare_scans(FolderSource(root), report_settings, tmp_path / "a", "phantom")
    assert {Path(row.path).name: row.reason.split(":")[0] for row in found.unusable} == {
        "blank.png": "blank",
        "Thumbs.db": "undecodable",
        "empty.jpg": "undecodable",
        "truncated.jpg": "undecodable",
    }
    assert found.summary["unusable"] == 4
    assert all(row.row is None for row in found.unusable)


def test_a_class_without_a_usable_scan_is_named(
    phantom_root: Path, report_settings: PrepareSettings, tmp_path: Path
) -> None:
    root = copied(phantom_root, tmp_path)
    for path in root.glob("*/glioma/*"):
        path.write_bytes(b"no picture")
    with pytest.raises(
        DataError, match=r"no usable scan of glioma: Training/glioma/.* undecodable"
    ):
        prepare_scans(FolderSource(root), report_settings, tmp_path / "a", "phantom")
    assert list((tmp_path / "a").iterdir()) == []  # nothing half made


def test_an_empty_class_folder_is_named_and_how_to_leave_it_out(
    phantom_root: Path, report_settings: PrepareSettings, tmp_path: Path
) -> None:
    settings = replace(report_settings, classes=(*report_settings.classes, "empty"))
    with pytest.raises(DataError, match="no scan of empty") as refused:
        prepare_scans(FolderSource(phantom_root), settings, tmp_path / "a", "phantom")
    assert f'"data.classes=[{",".join(report_settings.classes)}]"' in str(refused.value)


def test_progress_names_both_steps_and_reaches_their_ends(
    phantom_root: Path, report_settings: PrepareSettings, truth: PhantomTruth, tmp_path: Path
) -> None:
    seen: dict[str, list[tuple[int, int]]] = {}

    def progress(step: str, done: int, total: int) -> None:
        seen.setdefault(step, []).append((done, total))

    prepare_scans(FolderSource(phantom_root), report_settings, tmp_path, "phantom", progress)
    number = len(truth.scans)
    assert seen["cropping scans"] == [(i + 1, number) for i in range(number)]
    steps = [done for done, _ in seen["comparing scans"]]
    assert steps == sorted(set(steps)) and steps[-1] == 100
    assert {total for _, total in seen["comparing scans"]} == {100}


def test_the_manifest_names_slices_and_patients(prepared: PreparedSet, truth: PhantomTruth) -> None:
    known = {scan.path: scan for scan in truth.scans}
    for row in prepared.manifest:
        scan = known[row.path]
        assert (row.slice_id, row.patient, row.patient_group, row.known_label) == (
            scan.slice_id,
            scan.patient,
            scan.patient,
            scan.label,
        )


def test_copies_share_a_cluster_and_patients_a_group(
    prepared: PreparedSet, truth: PhantomTruth
) -> None:
    clusters: dict[str, set[int | None]] = {}
    for row in prepared.manifest:
        clusters.setdefault(row.slice_id, set()).add(row.cluster)
    assert all(len(found) == 1 for found in clusters.values())
    assert any(scan.mirrored for scan in truth.scans)
    patients = np.array([row.patient for row in prepared.kept])
    for patient in set(patients.tolist()):
        assert len(set(prepared.groups[patients == patient].tolist())) == 1


def test_what_is_known_of_a_dropped_copy_holds_for_the_scan_that_is_kept(
    phantom_root: Path, report_settings: PrepareSettings, truth: PhantomTruth, tmp_path: Path
) -> None:
    # Lossless copies that no table knows, and that stand before the scans they repeat.
    root = copied(phantom_root, tmp_path)
    for scan in truth.scans:
        if scan.folder == "Training" and scan.kind.startswith("jpeg"):
            pixels = cv2.imread(str(root / scan.path), cv2.IMREAD_UNCHANGED)
            path = root / scan.path
            cv2.imwrite(str(path.with_name(f"a-{path.stem}.png")), pixels)
    found = prepare_scans(FolderSource(root), report_settings, tmp_path / "a", "phantom")
    copies = [row for row in found.kept if "/a-" in row.path]
    assert len(copies) > 20
    assert all(row.patient and row.slice_id for row in copies)
    patients = {row.patient for row in found.kept}
    for patient in patients:
        rows = [row.row for row in found.kept if row.patient == patient]
        assert len(set(found.groups[rows].tolist())) == 1


def test_slices_may_be_numbered_anew_for_each_patient(
    phantom_root: Path, report_settings: PrepareSettings, truth: PhantomTruth, tmp_path: Path
) -> None:
    table = tmp_path / "known.csv"
    lines = [f"{scan.path},{scan.patient},1" for scan in truth.scans]
    table.write_text("\n".join(["path,patient,slice_id", *lines]), encoding="utf-8")
    found = prepare_scans(
        FolderSource(phantom_root),
        replace(report_settings, patients=table),
        tmp_path / "a",
        "phantom",
    )
    assert len(set(found.groups.tolist())) == len({scan.patient for scan in truth.scans})


def test_another_patient_table_gives_another_set(
    prepared: PreparedSet, phantom_root: Path, report_settings: PrepareSettings, tmp_path: Path
) -> None:
    unknown = prepare_scans(
        FolderSource(phantom_root), replace(report_settings, patients=None), tmp_path, "phantom"
    )
    assert unknown.fingerprint != prepared.fingerprint
    assert {row.patient for row in unknown.manifest} == {""}
    assert [row.cluster for row in unknown.manifest] == [row.cluster for row in prepared.manifest]


def test_what_is_harmonised_is_kept_and_grouped_as_without(
    prepared: PreparedSet, phantom_root: Path, report_settings: PrepareSettings, tmp_path: Path
) -> None:
    # The mask of many scans is the same; they must not count as duplicates for that.
    harmonise = replace(report_settings.harmonise, mask=True)
    masks = prepare_scans(
        FolderSource(phantom_root),
        replace(report_settings, harmonise=harmonise),
        tmp_path,
        "phantom",
    )
    assert masks.manifest == prepared.manifest
    assert masks.fingerprint != prepared.fingerprint
    assert set(np.unique(masks.images)) == {0, 255}


def test_frames_have_a_digest_where_heads_repeat(prepared: PreparedSet, phantom_root: Path) -> None:
    heads = Counter(row.pixel_md5 for row in prepared.manifest)
    frames: dict[str, set[bytes]] = {}
    for row in prepared.manifest:
        assert bool(row.frame_md5) == (heads[row.pixel_md5] > 1)
        grey = decode_grey((phantom_root / row.path).read_bytes())
        frames.setdefault(row.frame_md5, set()).add(grey.tobytes())
        if row.frame_md5:
            assert row.frame_md5 == hashlib.md5(grey.tobytes()).hexdigest()
    # Of those without a digest no two are the same, nor like one that has a digest.
    without = frames.pop("")
    assert len(without) == sum(not row.frame_md5 for row in prepared.manifest)
    assert not any(without & of_one for of_one in frames.values())


def test_dicom_files_are_prepared_every_frame_of_them(
    phantom_root: Path, report_settings: PrepareSettings, tmp_path: Path
) -> None:
    pytest.importorskip("pydicom")
    from dicom_files import enhanced, made, written

    root = copied(phantom_root, tmp_path)
    heads = np.stack([hostile.phantom(seed, 96) for seed in (1, 2, 3)])
    heads[1] = 0
    (root / "Training" / "glioma" / "one.dcm").write_bytes(written(made(heads[0])))
    many = enhanced(heads, [(128, 256)] * 3, 1.0)
    (root / "Testing" / "notumor" / "many").write_bytes(many)
    found = prepare_scans(FolderSource(root), report_settings, tmp_path / "a", "phantom")
    rows = {row.path: row for row in found.manifest if row.format == "DICOM"}
    place = "Testing/notumor/many"
    assert set(rows) == {"Training/glioma/one.dcm", *(f"{place}#{n}" for n in (1, 2, 3))}
    assert [rows[f"{place}#{n}"].status for n in (1, 2, 3)] == ["kept", "unusable", "kept"]
    assert rows[f"{place}#2"].reason.startswith("blank")
    assert rows[f"{place}#1"].file_md5 != rows[f"{place}#3"].file_md5
    assert {rows[f"{place}#{n}"].patient for n in (1, 2, 3)} == {place}
    assert rows["Training/glioma/one.dcm"].patient == ""
    third = rows[f"{place}#3"]
    assert third.left is not None and (third.width, third.height) == (96, 96)
    frame = open_dicom(many).frame(2)[third.top : third.bottom, third.left : third.right]
    assert np.array_equal(found.images[third.row or 0], cv2.resize(frame, (256, 256)))


def test_what_a_killed_call_left_is_removed_by_the_next(
    tmp_path: Path, prepared: PreparedSet
) -> None:
    def running(folder: Path) -> None:
        others = subprocess.run(
            [sys.executable, "-c", code.format("copied")], check=False, capture_output=True
        )
        assert others.returncode == 0, others.stderr
        assert folder.is_dir()  # the other call left it alone
        shutil.copytree(prepared.folder, folder, dirs_exist_ok=True)
        (folder / "cut.npy").touch()

    code = f"""
import os, shutil
from pathlib import Path
from brain_tumor.data.prepared.write import open_or_write

def killed(folder):
    (folder / "cut.npy").write_bytes(b"half")
    os._exit(9)

def copied(folder):
    shutil.copytree({str(prepared.folder)!r}, folder, dirs_exist_ok=True)
    (folder / "cut.npy").touch()

open_or_write(Path({str(tmp_path)!r}) / "set-0123456789ab", {{}})
"""
    subprocess.run([sys.executable, "-c", code.format("killed")], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".set-0123456789ab-")
    (tmp_path / ".mine-of-old").mkdir()
    open_or_write(tmp_path / "another-0123456789ab", running)
    names = {"set-0123456789ab", "another-0123456789ab", ".mine-of-old"}
    assert {path.name for path in tmp_path.iterdir()} == names
