"""The drawn scans: fake, the same every time, and honest about what they hold."""

import errno
import hashlib
import json
import os
from collections import Counter, defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from phantoms import PhantomScan, PhantomTruth, draw_phantom, written_phantoms
from planted_counts import planted_counts

from brain_tumor.data.phantom import CLASSES, VIEWS, write_phantoms
from brain_tumor.errors import ConfigError, DataError

SETTINGS = {"patients_per_class": 3, "slices_per_patient": 3, "seed": 3}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PhantomTruth]:
    root = tmp_path_factory.mktemp("phantoms") / "raw"
    return root, written_phantoms(root, **SETTINGS)


def content(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def decode(path: Path) -> np.ndarray:
    """Grey values as in the file: uint8, or uint16 for the 16-bit kind."""
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if picture.ndim == 3:
        np.testing.assert_array_equal(picture[..., 0], picture[..., 1])
        np.testing.assert_array_equal(picture[..., 0], picture[..., 2])
        picture = picture[..., 0]
    return picture


def crop(path: Path) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """The report's crop, written out here on its own."""
    grey = decode(path)
    if grey.dtype == np.uint16:
        grey = np.rint(grey / 4095 * 255).astype(np.uint8)
    mask = cv2.threshold(cv2.GaussianBlur(grey, (3, 3), 0), 45, 255, cv2.THRESH_BINARY)[1]
    mask = cv2.dilate(cv2.erode(mask, None, iterations=2), None, iterations=2)
    contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    x, y, w, h = cv2.boundingRect(max(contours, key=cv2.contourArea))
    return cv2.resize(grey[y : y + h - 1, x : x + w - 1], (256, 256)), (x, y, w, h)


def originals(truth: PhantomTruth) -> dict[str, PhantomScan]:
    return {s.slice_id: s for s in truth.scans if not s.mirrored and s.duplicate_of is None}


def test_same_settings_give_the_same_bytes(written, tmp_path):
    root, truth = written
    assert written_phantoms(tmp_path / "again", **SETTINGS) == truth
    assert content(tmp_path / "again") == content(root)


def test_another_seed_gives_other_scans(tmp_path):
    first, second = (
        written_phantoms(
            tmp_path / str(seed), patients_per_class=1, slices_per_patient=2, seed=seed
        )
        for seed in (0, 1)
    )
    assert first != second


def test_drawing_leaves_global_randomness_alone(tmp_path):
    np.random.seed(1)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    write_phantoms(tmp_path / "raw", patients_per_class=1, slices_per_patient=2)
    assert np.random.random() == expected  # noqa: NPY002


def test_folder_has_the_layout_of_the_real_set_and_says_that_it_is_fake(written):
    root, truth = written
    assert {p.name for p in root.iterdir()} == {
        "Training", "Testing", "phantoms.csv", "phantoms.json", "README.txt",
    }  # fmt: skip
    assert "FAKE" in (root / "README.txt").read_text()
    files = sorted(p for folder in ("Training", "Testing") for p in (root / folder).glob("*/*"))
    assert [p.relative_to(root).as_posix() for p in files] == sorted(s.path for s in truth.scans)
    assert all(p.name.startswith("phantom-") for p in files)
    for scan in truth.scans:
        assert scan.path.split("/")[:2] == [scan.folder, scan.label]
    for folder in ("Training", "Testing"):
        assert sorted(p.name for p in (root / folder).iterdir()) == list(CLASSES)
    assert {s.view for s in truth.scans} == set(VIEWS)


def test_nothing_is_left_beside_the_folder(written):
    root, _ = written
    assert [p.name for p in root.parent.iterdir()] == ["raw"]


@pytest.mark.parametrize("settings", [(3, 3, 3), (1, 2, 0), (2, 3, 9)])
def test_summary_is_what_hashing_finds(tmp_path, settings):
    patients, slices, seed = settings
    truth = written_phantoms(
        tmp_path / "raw", patients_per_class=patients, slices_per_patient=slices, seed=seed
    )
    digests: dict[str, dict[str, str]] = {"Training": {}, "Testing": {}}
    dropped = Counter()
    for path in sorted(s.path for s in truth.scans):
        folder = path.split("/")[0]
        digest = hashlib.md5(crop(tmp_path / "raw" / path)[0].tobytes()).hexdigest()
        if digest in digests[folder]:
            dropped[folder.lower()] += 1
        else:
            digests[folder][digest] = path
    held = digests["Training"].keys() & digests["Testing"].keys()
    kept = [*digests["Training"].values()]
    kept += [path for digest, path in digests["Testing"].items() if digest not in held]
    assert planted_counts(truth) == {
        "raw": len(truth.scans),
        "duplicates": {
            "training": dropped["training"],
            "testing": dropped["testing"],
            "testing_in_training": len(held),
        },
        "kept": len(kept),
        "classes": dict(Counter(path.split("/")[1] for path in kept)),
    }
    assert min(planted_counts(truth)["duplicates"].values()) >= 1


def test_duplicates_repeat_pixels_and_some_are_saved_anew(written):
    root, truth = written
    by_path = {s.path: s for s in truth.scans}
    saved_anew = 0
    for scan in truth.scans:
        if scan.duplicate_of is None:
            continue
        first = by_path[scan.duplicate_of]
        assert (scan.label, scan.slice_id, scan.mirrored) == (
            first.label,
            first.slice_id,
            first.mirrored,
        )
        assert (scan.mass_x, scan.mass_y, scan.kind) == (first.mass_x, first.mass_y, first.kind)
        np.testing.assert_array_equal(decode(root / scan.path), decode(root / first.path))
        saved_anew += (root / scan.path).read_bytes() != (root / first.path).read_bytes()
    assert 1 <= saved_anew < sum(s.duplicate_of is not None for s in truth.scans)


def test_mirrored_scans_mirror_their_slice(written):
    root, truth = written
    mirrored = [s for s in truth.scans if s.mirrored]
    assert len(mirrored) >= 5
    for scan in mirrored:
        original = originals(truth)[scan.slice_id]
        here = decode(root / scan.path).astype(float)
        there = decode(root / original.path).astype(float)
        # Compression of the two files differs a little.
        assert np.corrcoef(here.ravel(), there[:, ::-1].ravel())[0, 1] > 0.995
        assert scan.duplicate_of is None
        if scan.mass_x is not None:
            assert scan.mass_x == pytest.approx(scan.width - 1 - original.mass_x, abs=0.02)
            assert scan.mass_y == original.mass_y


def test_patients_have_one_class_and_most_are_in_both_folders(written):
    _, truth = written
    labels, folders = defaultdict(set), defaultdict(set)
    for scan in truth.scans:
        labels[scan.patient].add(scan.label)
        folders[scan.patient].add(scan.folder)
    assert len(labels) == 3 * 4
    assert all(len(found) == 1 for found in labels.values())
    assert Counter(next(iter(found)) for found in labels.values()) == dict.fromkeys(CLASSES, 3)
    both = sum(len(found) == 2 for found in folders.values())
    assert len(folders) / 2 < both < len(folders)


MODES = {
    "jpeg-rgb": (b"\xff\xd8", 3, np.uint8),
    "jpeg-grey": (b"\xff\xd8", 1, np.uint8),
    "png-rgb-named-jpg": (b"\x89PNG", 3, np.uint8),
    "png-rgba": (b"\x89PNG", 4, np.uint8),
    "png-palette": (b"\x89PNG", 3, np.uint8),
    "png-grey": (b"\x89PNG", 1, np.uint8),
    "png-16bit": (b"\x89PNG", 1, np.uint16),
}


def test_every_kind_of_file_is_there_and_decodes(written):
    root, truth = written
    assert {s.kind for s in truth.scans} == set(MODES)
    for scan in truth.scans:
        raw = (root / scan.path).read_bytes()
        start, channels, dtype = MODES[scan.kind]
        assert raw.startswith(start), scan
        picture = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture.shape[:2] == (scan.height, scan.width)
        assert (1 if picture.ndim == 2 else picture.shape[2], picture.dtype) == (channels, dtype)
        if dtype == np.uint16:
            assert 1500 < picture.max() <= 4095
        assert scan.path.endswith(".png") == (scan.kind in ("png-grey", "png-16bit"))


def test_crop_encloses_the_head_and_the_mass(written):
    root, truth = written
    for scan in truth.scans:
        _, (x, y, w, h) = crop(root / scan.path)
        side = min(scan.width, scan.height)
        # A head is at least 0.84 of the drawing high, less what the tilt and the face take.
        assert h > 0.7 * side and w > 0.5 * side, scan
        if scan.mass_x is not None:
            r = 0.7 * scan.mass_radius
            assert x <= scan.mass_x - r and scan.mass_x + r <= x + w, scan
            assert y <= scan.mass_y - r and scan.mass_y + r <= y + h, scan


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("label", [c for c in CLASSES if c != "notumor"])
def test_only_the_mass_tells_the_class(label, view):
    for seed in range(4):
        healthy = draw_phantom("notumor", view, np.random.default_rng(seed))
        ill = draw_phantom(label, view, np.random.default_rng(seed))
        assert healthy.mass is None and ill.mass is not None
        x, y, radius = ill.mass
        rows, columns = np.indices(ill.pixels.shape)
        far = np.hypot(columns - x, rows - y) > 3 * radius + 3
        near = np.hypot(columns - x, rows - y) < radius
        difference = np.abs(ill.pixels.astype(int) - healthy.pixels)
        assert difference[far].max() == 0
        assert difference[near].mean() > 15


@pytest.mark.parametrize("size", [64, 200, 256])
def test_drawing_has_the_size_asked_for(size):
    image = draw_phantom("glioma", "axial", np.random.default_rng(0), size)
    assert image.pixels.shape == (size, size)
    assert image.pixels.dtype == np.uint8


def test_folder_of_the_same_settings_is_used_again(written):
    root, truth = written
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    assert written_phantoms(root, **SETTINGS) == truth
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before


def test_empty_folder_is_filled(tmp_path):
    assert written_phantoms(tmp_path, patients_per_class=1, slices_per_patient=2).scans


def test_foreign_folder_is_refused_and_left_alone(tmp_path):
    mine = tmp_path / "mine" / "holiday.jpg"
    mine.parent.mkdir()
    mine.write_bytes(b"precious")
    with pytest.raises(DataError, match=r"give another folder as data\.root="):
        write_phantoms(mine.parent, patients_per_class=1, slices_per_patient=2)
    with pytest.raises(DataError, match=r"give another folder as data\.root="):
        write_phantoms(mine, patients_per_class=1, slices_per_patient=2)
    assert content(tmp_path) == {"mine/holiday.jpg": b"precious"}


def test_other_settings_and_missing_files_are_refused(tmp_path):
    root = tmp_path / "raw"
    truth = written_phantoms(root, patients_per_class=1, slices_per_patient=2)
    with pytest.raises(DataError, match="other settings"):
        write_phantoms(root, patients_per_class=1, slices_per_patient=2, seed=1)
    (root / truth.scans[0].path).unlink()
    with pytest.raises(DataError, match="lacks 1 of its"):
        write_phantoms(root, patients_per_class=1, slices_per_patient=2)


def test_killed_run_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(json, "dumps", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_phantoms(tmp_path / "raw", patients_per_class=1, slices_per_patient=2)
    assert list(tmp_path.iterdir()) == []


def test_damaged_or_missing_table_is_named(tmp_path):
    few = {"patients_per_class": 1, "slices_per_patient": 2}
    write_phantoms(tmp_path / "raw", **few)
    for content in ("folder\na\n", None):
        (tmp_path / "raw" / "phantoms.csv").unlink()
        if content is not None:
            (tmp_path / "raw" / "phantoms.csv").write_text(content)
        with pytest.raises(DataError, match=r"phantoms\.csv cannot be read .*: delete its folder"):
            write_phantoms(tmp_path / "raw", **few)


@pytest.mark.parametrize(
    ("name", "least"), [("patients_per_class", 1), ("slices_per_patient", 2), ("seed", 0)]
)
def test_numbers_out_of_range_are_named(tmp_path, name, least):
    for value in (least - 1, -7, least + 0.5, float(least + 1), str(least), True, None):
        with pytest.raises(ConfigError) as caught:
            write_phantoms(tmp_path / "raw", **{name: value})
        expected = f"data.phantom.{name} must be a whole number of at least {least}: {value!r}"
        assert str(caught.value) == expected
    assert list(tmp_path.iterdir()) == []


def test_root_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(DataError, match=r"cannot be written to .*raw \(.+\): .* data\.root="):
        write_phantoms(tmp_path / "file" / "raw", patients_per_class=1, slices_per_patient=2)
    assert content(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize("method", ["mkdir", "write_bytes", "write_text", "rename"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC])
def test_failed_writing_is_explained_and_leaves_nothing(tmp_path, monkeypatch, method, code):
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, method, fail)
    with pytest.raises(DataError) as caught:
        write_phantoms(tmp_path / "raw", patients_per_class=1, slices_per_patient=2)
    assert str(caught.value) == (
        f"Phantoms cannot be written to {tmp_path / 'raw'} ({os.strerror(code)}): "
        "give a writable folder with free space as data.root=..."
    )
    assert list(tmp_path.iterdir()) == []
