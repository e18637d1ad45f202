"""A folder of scans of other origin, with copies of a run's own scans planted among them."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from overlap_table import read_overlap
from phantoms import draw_phantom

from brain_tumor.data.external.prepare import SEEN_FILE, prepare_external
from brain_tumor.data.groups.orientations import ORIENTATIONS
from brain_tumor.data.phantom import VIEWS
from brain_tumor.data.prepared.manifest import SEEN, ManifestRow
from brain_tumor.data.prepared.prepare import PrepareSettings, prepare_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet, open_prepared
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.data.split import Split, SplitSettings, split_scans
from brain_tumor.errors import DataError
from brain_tumor.files.picture import decode_grey

Pixels = np.ndarray


def seen_rows(prepared: PreparedSet) -> list[ManifestRow]:
    return [row for row in prepared.manifest if row.status == SEEN]


def with_margin(scan: Pixels) -> Pixels:
    return cv2.copyMakeBorder(scan, 40, 5, 0, 90, cv2.BORDER_CONSTANT, value=0)


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "as it is": lambda scan: scan,
    "resized": lambda scan: cv2.resize(scan, (200, 200), interpolation=cv2.INTER_AREA),
    "mirrored": lambda scan: scan[:, ::-1],
    "brightened": lambda scan: cv2.convertScaleAbs(scan, alpha=0.8, beta=25),
    "turned": lambda scan: cv2.rotate(scan, cv2.ROTATE_90_CLOCKWISE),
    "with another margin": with_margin,
}


@dataclass(frozen=True)
class Run:
    """A run's raw scans, its prepared set and its split over patients."""

    root: Path
    prepared: PreparedSet
    split: Split

    def rows(self, part: str, label: str | None = None) -> list[ManifestRow]:
        kept = self.prepared.kept
        rows = [kept[row] for row in self.split.parts[part]]
        return [row for row in rows if label is None or row.label == label]

    def scan(self, row: ManifestRow) -> Pixels:
        return decode_grey((self.root / row.path).read_bytes())


def run_of(root: Path, prepared: PreparedSet) -> Run:
    settings = SplitSettings("patient", folds=4, fold=0, validation_fraction=1 / 3)
    folders = [row.folder for row in prepared.kept]
    split = split_scans(prepared.labels, folders, prepared.groups, settings)
    return Run(root, prepared, split)


@pytest.fixture(scope="module")
def run(phantom_root: Path, prepared: PreparedSet) -> Run:
    return run_of(phantom_root, prepared)


def save(root: Path, name: str, scan: Pixels) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.ascontiguousarray(scan))[1].tobytes())


def draw_fresh(root: Path, label: str, number: int, side: int = 300) -> None:
    for i in range(number):
        rng = np.random.default_rng([77, i])
        scan = draw_phantom(label, VIEWS[i % len(VIEWS)], rng, side)
        save(root, f"{label}/fresh{i}.png", scan.pixels)


def prepare(
    root: Path,
    run: Run,
    directory: Path,
    names: dict[str, str | None] | None = None,
    patients: Path | None = None,
) -> PreparedSet:
    return prepare_external(
        FolderSource(root, names, run.prepared.classes),
        *(names or {}, run.prepared, run.split, patients, directory, "other"),
    )


@dataclass(frozen=True)
class Planted:
    """The folder, what was made of it, and the training scan that each copy repeats."""

    root: Path
    found: PreparedSet
    copies: dict[str, str]

    def row(self, path: str) -> ManifestRow:
        return next(row for row in self.found.manifest if row.path == path)


@pytest.fixture(scope="module")
def planted(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    place = tmp_path_factory.mktemp("other")
    root = place / "hospital"
    copies = {}
    for part in ("train", "validation"):
        rows = run.rows(part, "glioma") + run.rows(part, "notumor")
        for (change, changed), row in zip(CHANGES.items(), rows, strict=False):
            path = f"{row.label}/{part} {change}.png"
            save(root, path, changed(run.scan(row)))
            copies[path] = row.path
    for i, row in enumerate(run.rows("test", "glioma")[:3]):
        save(root, f"glioma/tested{i}.png", CHANGES["mirrored"](run.scan(row)))
    for label in ("glioma", "notumor"):
        draw_fresh(root, label, 3)
    fresh = cv2.imread(str(root / "glioma" / "fresh0.png"), cv2.IMREAD_UNCHANGED)
    save(root, "glioma/zz/again.png", fresh)
    save(root, "glioma/zz/smaller.png", cv2.resize(fresh, (201, 201)))
    save(root, "glioma/blank.png", np.zeros((64, 64), np.uint8))
    (root / "notumor" / "Thumbs.db").write_bytes(b"no picture")
    (root / "README.txt").write_text("no scan")
    return Planted(root, prepare(root, run, place / "prepared"), copies)


def test_copies_of_what_the_run_has_learnt_from_are_found(planted: Planted) -> None:
    seen = {scan.path: scan for scan in read_overlap(planted.found.folder / SEEN_FILE)}
    assert len(planted.copies) > 8
    assert set(seen) == set(planted.copies) == {row.path for row in seen_rows(planted.found)}
    assert planted.found.summary["seen"] == len(seen)
    shown = {"mirrored": "mirrored left to right", "turned": "turned anticlockwise"}
    for path, scan in seen.items():
        row, (part, change) = planted.row(path), Path(path).stem.split(" ", 1)
        assert (row.status, row.row, row.reason) == ("seen", None, scan.reason)
        assert row.duplicate_of == scan.training_scan
        assert scan.part == part and not scan.through
        assert scan.orientation == shown.get(change, "as is"), path
        # A mirrored copy may stand in training beside the slice itself.
        assert scan.similarity > 0.82
        adjective = {"train": "training", "validation": "validation"}[part]
        assert f"related to the {adjective} scan {scan.training_scan} (" in scan.reason


def test_each_copy_leads_to_its_slice(planted: Planted, run: Run) -> None:
    own = {row.path: row for row in run.prepared.manifest}
    for path, original in planted.copies.items():
        assert own[planted.row(path).duplicate_of].slice_id == own[original].slice_id


def test_all_else_is_kept_and_accounted_for(planted: Planted, run: Run) -> None:
    found, summary = planted.found, planted.found.summary
    kept = {row.path for row in found.kept}
    assert kept == {
        *(f"glioma/tested{i}.png" for i in range(3)),
        *(f"{label}/fresh{i}.png" for label in ("glioma", "notumor") for i in range(3)),
        "glioma/zz/smaller.png",
    }
    again = planted.row("glioma/zz/again.png")
    assert (again.status, again.duplicate_of) == ("duplicate", "glioma/fresh0.png")
    reasons = {row.path: row.reason.split(":")[0] for row in found.unusable}
    assert reasons == {"glioma/blank.png": "blank", "notumor/Thumbs.db": "undecodable"}
    assert summary["raw"] == len(found.manifest)
    parts = (len(found.kept), sum(summary["duplicates"].values()), summary["seen"])
    assert summary["raw"] == sum(parts) + summary["unusable"]
    assert found.classes == run.prepared.classes
    assert summary["classes"] == {"glioma": 7, "meningioma": 0, "notumor": 3, "pituitary": 0}
    assert summary["run"] == run.prepared.fingerprint


def test_near_duplicates_inside_stand_in_one_group(planted: Planted) -> None:
    groups = dict(zip((r.path for r in planted.found.kept), planted.found.groups, strict=True))
    assert groups["glioma/fresh0.png"] == groups["glioma/zz/smaller.png"]
    assert len(set(groups.values())) < len(groups)
    assert groups["glioma/fresh1.png"] != groups["glioma/fresh0.png"]


def test_a_second_call_opens_what_the_first_made(planted: Planted, run: Run) -> None:
    directory = planted.found.folder.parent
    before = (planted.found.folder / "images.npy").stat().st_mtime_ns
    again = prepare(planted.root, run, directory)
    assert again.folder == planted.found.folder
    assert (again.folder / "images.npy").stat().st_mtime_ns == before
    assert {path.name for path in again.folder.iterdir()} == {
        *("images.npy", "frames.npy", "manifest.csv", "summary.json"),
        *("near_duplicates.csv", "seen.csv"),
    }


def test_another_split_of_the_same_run_gives_another_set(run: Run, tmp_path: Path) -> None:
    row = run.rows("train", "notumor")[0]
    save(tmp_path / "raw", "notumor/copy.png", run.scan(row))
    draw_fresh(tmp_path / "raw", "glioma", 1)
    found = prepare(tmp_path / "raw", run, tmp_path / "a")
    swapped = replace(run, split=Split(run.split.test, run.split.validation, run.split.train))
    other = prepare(tmp_path / "raw", swapped, tmp_path / "a")
    assert [len(seen_rows(found)), len(seen_rows(other))] == [1, 0]
    assert found.fingerprint != other.fingerprint


def test_the_scans_are_cut_as_the_run_s_own(run: Run, tmp_path: Path) -> None:
    # The run's test scans as files of another origin: the same pixels come out.
    rows = run.rows("test")
    for row in rows:
        path = tmp_path / "raw" / row.label / Path(row.path).name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(run.root / row.path, path)
    found = prepare(tmp_path / "raw", run, tmp_path / "a")
    own = {row.file_md5: run.prepared.images[row.row] for row in rows}
    # Without a table of patients, drawn heads may look related to others of the run.
    assert (
        len(found.kept) + len(seen_rows(found)) == len(rows)
        and len(seen_rows(found)) < len(rows) / 4
    )
    for row in found.kept:
        np.testing.assert_array_equal(found.images[row.row], own[row.file_md5])
    assert found.labels.tolist() == [found.classes.index(row.label) for row in found.kept]


@pytest.mark.parametrize("changed", [{"mask": True}, {"intensity": True, "background": True}])
def test_copies_are_found_whatever_the_run_takes_out(
    phantom_root: Path,
    report_settings: PrepareSettings,
    run: Run,
    tmp_path: Path,
    changed: dict[str, bool],
) -> None:
    harmonise = replace(report_settings.harmonise, **changed)
    own = prepare_scans(
        FolderSource(phantom_root),
        replace(report_settings, harmonise=harmonise),
        tmp_path / "own",
        "own",
    )
    harmonised = Run(phantom_root, own, run.split)
    for change in ("mirrored", "with another margin"):
        row = run.rows("train", "glioma")[0]
        save(tmp_path / "raw", f"glioma/{change}.png", CHANGES[change](run.scan(row)))
    draw_fresh(tmp_path / "raw", "glioma", 4)
    found = prepare(tmp_path / "raw", harmonised, tmp_path / "a")
    assert {row.path for row in seen_rows(found)} == {
        "glioma/mirrored.png",
        "glioma/with another margin.png",
    }
    assert len(found.kept) == 4
    assert (set(np.unique(found.images)) == {0, 255}) == ("mask" in changed)


def test_a_copy_in_both_halves_is_kept_once(run: Run, tmp_path: Path) -> None:
    draw_fresh(tmp_path / "raw" / "Testing", "glioma", 2)
    draw_fresh(tmp_path / "raw" / "Training", "glioma", 1)
    found = prepare(tmp_path / "raw", run, tmp_path / "a")
    kept = ["Training/glioma/fresh0.png", "Testing/glioma/fresh1.png"]
    assert [row.path for row in found.kept] == kept
    assert [row.folder for row in found.kept] == ["Training", "Testing"]
    duplicates = found.summary["duplicates"]
    assert duplicates == {"training": 0, "testing": 1, "testing_in_training": 0}


def test_names_map_folders_to_classes(run: Run, tmp_path: Path) -> None:
    draw_fresh(tmp_path / "raw", "notumor", 2)
    draw_fresh(tmp_path / "raw", "glioma", 2)
    (tmp_path / "raw" / "notumor").rename(tmp_path / "raw" / "no_tumor")
    with pytest.raises(DataError, match="no_tumor is no class"):
        prepare(tmp_path / "raw", run, tmp_path / "a")
    found = prepare(tmp_path / "raw", run, tmp_path / "a", {"no_tumor": "notumor"})
    fewer = prepare(tmp_path / "raw", run, tmp_path / "a", {"no_tumor": None})
    assert found.summary["classes"]["notumor"] == 2
    assert found.summary["names"] == {"no_tumor": "notumor"}
    assert fewer.summary["classes"] == {
        "glioma": 2,
        "meningioma": 0,
        "notumor": 0,
        "pituitary": 0,
    }
    assert fewer.folder != found.folder


def test_a_patient_of_whom_the_run_has_seen_a_slice_is_left_out(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "raw"
    draw_fresh(root, "glioma", 4)
    save(root, "glioma/copy.png", run.scan(run.rows("train", "glioma")[0]))
    table = tmp_path / "known.csv"
    patients = {"copy": "a", "fresh0": "a", "fresh1": "b", "fresh2": "b"}
    lines = [f"glioma/{name}.png,{patient}" for name, patient in patients.items()]
    table.write_text("\n".join(["path,patient", *lines]), encoding="utf-8")
    found = prepare(root, run, tmp_path / "a", patients=table)
    direct, joined = read_overlap(found.folder / SEEN_FILE)
    assert (direct.path, direct.through) == ("glioma/copy.png", "")
    assert (joined.path, joined.through) == ("glioma/fresh0.png", "glioma/copy.png")
    assert joined.training_scan == direct.training_scan
    assert joined.reason.startswith("in one group with glioma/copy.png, related to the")
    groups = dict(zip((row.path for row in found.kept), found.groups.tolist(), strict=True))
    assert groups["glioma/fresh1.png"] == groups["glioma/fresh2.png"] != groups["glioma/fresh3.png"]


def test_a_cut_copy_of_a_seen_scan_is_seen_whatever_its_frame(run: Run, tmp_path: Path) -> None:
    # The same head in a frame so wide that its thumbnail shows little of it.
    row = run.rows("train", "glioma")[0]
    scan = run.scan(row)
    wide = cv2.copyMakeBorder(scan, 900, 900, 900, 900, cv2.BORDER_CONSTANT, value=0)
    save(tmp_path / "raw", "glioma/wide.png", wide)
    draw_fresh(tmp_path / "raw", "glioma", 1)
    (seen,) = read_overlap(prepare(tmp_path / "raw", run, tmp_path / "a").folder / SEEN_FILE)
    assert (seen.path, seen.similarity) == ("glioma/wide.png", 1.0)


def test_a_folder_of_seen_scans_alone_is_refused(run: Run, tmp_path: Path) -> None:
    for i, row in enumerate(run.rows("train", "glioma")[:3]):
        save(tmp_path / "raw", f"glioma/{i}.png", CHANGES["resized"](run.scan(row)))
    with pytest.raises(DataError, match="near-duplicates of all 3 usable scans") as refused:
        prepare(tmp_path / "raw", run, tmp_path / "a")
    assert "give root=FOLDER" not in str(refused.value)
    assert list((tmp_path / "a").iterdir()) == []


def test_the_run_s_own_files_point_to_root(run: Run, tmp_path: Path) -> None:
    for row in run.rows("train"):
        path = tmp_path / "raw" / row.path
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(run.root / row.path, path)
    with pytest.raises(DataError, match=r"own files, so if they have moved give root=FOLDER"):
        prepare(tmp_path / "raw", run, tmp_path / "a")


def test_a_folder_without_a_usable_scan_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "raw" / "glioma").mkdir(parents=True)
    (tmp_path / "raw" / "glioma" / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"no usable scan: glioma/a.jpg is undecodable"):
        prepare(tmp_path / "raw", run, tmp_path / "a")


@pytest.mark.parametrize("step", ["cropping scans", "comparing scans"])
def test_a_call_that_is_stopped_leaves_nothing(run: Run, tmp_path: Path, step: str) -> None:
    draw_fresh(tmp_path / "raw", "glioma", 2)

    def stop(name: str, done: int, total: int) -> None:
        if name == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_external(
            FolderSource(tmp_path / "raw", None, run.prepared.classes),
            *({}, run.prepared, run.split, None),
            *(tmp_path / "a", "other", stop),
        )
    assert list((tmp_path / "a").iterdir()) == []
    prepare(tmp_path / "raw", run, tmp_path / "a")


def test_the_set_opens_as_any_other(planted: Planted) -> None:
    again = open_prepared(planted.found.folder)
    assert again.manifest == planted.found.manifest
    assert {scan.orientation for scan in read_overlap(again.folder / SEEN_FILE)} <= set(
        ORIENTATIONS
    )
