"""Folders that hold what no folder of scans should: the good scans are used, the others named."""

import io
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import hostile
import numpy as np
import pytest

from brain_tumor.data.prepared import prepare as preparing
from brain_tumor.data.prepared import read_and_crop as cutting
from brain_tumor.data.prepared.manifest import ManifestRow
from brain_tumor.data.prepared.prepare import PrepareSettings, prepare_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.errors import DataError
from brain_tumor.files import folders, picture
from brain_tumor.files.folders import files_below
from brain_tumor.files.source import Scan

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes, links and permissions of POSIX")
PLACE = "Training/glioma"
CLASSES = ("glioma", "notumor")
A_FOLDER = "it is a folder that may not be looked into, or a link to one"


def copied(root: Path, place: Path) -> Path:
    return Path(shutil.copytree(root, place / "raw"))


def everything_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def found(
    phantom_root: Path, report_settings: PrepareSettings, tmp_path_factory: pytest.TempPathFactory
) -> PreparedSet:
    """Prepare the phantoms with every hostile file among them."""
    place = tmp_path_factory.mktemp("hostile")
    root = copied(phantom_root, place)
    for name, (make, _) in hostile.FILES.items():
        make(root / PLACE / name)
    before = everything_in(place)
    made = prepare_scans(FolderSource(root), report_settings, place / "prepared", "hostile")
    written = {path.split("/")[0] for path in everything_in(place) - before}
    assert written == {"prepared"}  # nothing is written anywhere else, no archive is unpacked
    return made


def rows_of(found: PreparedSet) -> dict[str, ManifestRow]:
    return {row.path: row for row in found.manifest}


@pytest.mark.parametrize("name", hostile.FILES, ids=ascii)
def test_a_hostile_file_is_used_or_has_its_reason(found: PreparedSet, name: str) -> None:
    expected = hostile.FILES[name][1]
    several = name in hostile.SEVERAL
    row = rows_of(found).get(Scan(f"{PLACE}/{name}", "", frame=2 if several else None).name)
    if expected is None:
        assert row is None
        assert not any(f"/{name}" in path for path in rows_of(found))
        return
    assert row is not None
    if expected == hostile.KEPT:
        assert (row.status, row.reason) == ("kept", "")
        assert row.bytes > 0 and row.file_md5 and row.left is not None
        return
    assert row.status == "unusable"
    assert row.reason.startswith(expected)
    assert row.row is None
    assert bool(row.file_md5) == (not expected.startswith("unreadable"))


def test_every_other_scan_is_what_it_is_without_them(
    found: PreparedSet, prepared: PreparedSet
) -> None:
    rows = rows_of(found)
    for row in prepared.manifest:
        ours = rows[row.path]
        assert (ours.status, ours.reason, ours.left) == (row.status, row.reason, row.left)
        if row.row is not None and ours.row is not None:
            assert np.array_equal(found.images[ours.row], prepared.images[row.row])
    listed = sum(expected is not None for _, expected in hostile.FILES.values())
    listed += 2 * len(hostile.SEVERAL)
    assert len(rows) == len(found.manifest) == len(prepared.manifest) + listed


@pytest.mark.parametrize(("name", "seed"), hostile.SEVERAL.items())
def test_every_frame_and_page_is_a_scan(found: PreparedSet, name: str, seed: int) -> None:
    assert f"{PLACE}/{name}" not in rows_of(found)
    for number in range(3):
        row = rows_of(found)[f"{PLACE}/{name}#{number + 1}"]
        assert row.left is not None
        frame = hostile.phantom(seed + number)[row.top : row.bottom, row.left : row.right]
        assert np.array_equal(found.images[row.row or 0], cv2.resize(frame, (256, 256)))


def test_a_bomb_is_refused_before_it_is_decoded(
    tmp_path: Path, report_settings: PrepareSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(picture, "_decode", never)
    (tmp_path / "bomb.png").write_bytes(hostile.bomb(8_000))
    scan = Scan("bomb.png", "glioma")
    digests = preparing.digest_files(tmp_path, [scan])
    crop, harmonise = report_settings.crop, report_settings.harmonise
    cut = cutting.Cutter(tmp_path, crop, harmonise, None, digests).cut(scan)
    assert cut.entry["reason"] == "undecodable: 8,000 x 8,000 pixels, more than 33,554,432"


@contextmanager
def without_rights(*paths: Path) -> Iterator[None]:
    """Take the rights to read some paths, and root's right to do so all the same."""
    rights = [path.stat().st_mode for path in paths]
    for path in paths:
        path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        for path, right in zip(paths, rights, strict=True):
            path.chmod(right)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """Make a folder that any user may look into, as pytest's own may not be."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        yield Path(place)


def test_files_and_folders_that_may_not_be_read_have_their_reason(
    phantom_root: Path, report_settings: PrepareSettings, open_place: Path
) -> None:
    root = copied(phantom_root, open_place)
    shut, locked = root / PLACE / "shut.png", root / PLACE / "locked"
    shut.write_bytes(hostile.lossless(1))
    locked.mkdir()
    (locked / "inside.png").write_bytes(hostile.lossless(2))
    settings = replace(report_settings, patients=root / "phantoms.csv")
    whole = prepare_scans(FolderSource(root), settings, open_place / "prepared", "shut")
    assert whole.unusable == []
    whole.folder.parent.chmod(0o777)
    with without_rights(shut, locked):
        found = prepare_scans(FolderSource(root), settings, open_place / "prepared", "shut")
    assert {row.path: row.reason for row in found.unusable} == {
        f"{PLACE}/shut.png": "unreadable: Permission denied",
        f"{PLACE}/locked": "unreadable: it is a folder that may not be looked into, "
        "or a link to one",
    }
    assert whole.fingerprint != found.fingerprint  # once they may be read it is another set
    # Of a class folder all scans would be missing.
    for shut in (root, root / "Training", root / PLACE):
        with without_rights(shut), pytest.raises(DataError, match=r"into \(Permission denied"):
            FolderSource(root).scans()


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("what", [Path.unlink, change, replace_by_pipe])
def test_a_file_that_changes_while_it_is_prepared_is_named(
    phantom_root: Path,
    report_settings: PrepareSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: Callable[[Path], None],
) -> None:
    root = copied(phantom_root, tmp_path)
    path = sorted((root / "Testing" / "notumor").iterdir())[0]
    digest = preparing.digest_files

    def then_change(*given: object) -> dict[str, str]:
        digests = digest(*given)
        what(path)
        return digests

    monkeypatch.setattr(preparing, "digest_files", then_change)
    with pytest.raises(DataError, match=f"{path.name} changed while the scans were prepared"):
        prepare_scans(FolderSource(root), report_settings, tmp_path / "prepared", "changed")
    assert list((tmp_path / "prepared").iterdir()) == []


def test_what_is_deleted_while_the_folder_is_listed_has_its_reason(
    phantom_root: Path,
    report_settings: PrepareSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = copied(phantom_root, tmp_path)
    gone = root / PLACE / "sub"
    gone.mkdir()
    late = root / PLACE / "late.png"
    late.write_bytes(hostile.lossless(1))
    look = os.scandir

    def then_delete(place: Path) -> object:
        if place == gone:
            gone.rmdir()
            late.unlink()  # listed before
        return look(place)

    monkeypatch.setattr(folders.os, "scandir", then_delete)
    found = prepare_scans(FolderSource(root), report_settings, tmp_path / "prepared", "gone")
    reason = "unreadable: No such file or directory"
    assert {row.path: row.reason for row in found.unusable} == {
        f"{PLACE}/sub": reason,
        f"{PLACE}/late.png": reason,
    }


def test_a_chain_of_a_thousand_folders_is_walked_to_its_end(tmp_path: Path) -> None:
    place, chain = tmp_path, []
    for _ in range(1_050):  # more than Python's own stack takes
        place = place / "d"
        place.mkdir()
        chain.append(place)
    (place / "a.png").write_bytes(b"x")
    assert list(files_below(tmp_path)) == [place / "a.png"]
    (place / "a.png").unlink()
    for place in reversed(chain):  # pytest would delete them by recursion
        place.rmdir()


def write_tar(path: Path) -> None:
    with tarfile.open(path, "w") as made:
        made.addfile(tarfile.TarInfo("../escaped"), io.BytesIO(b""))


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("../escaped", "x")


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_an_archive_in_place_of_the_folder_is_to_be_unpacked(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    path = tmp_path / "in" / "scans"
    path.parent.mkdir()
    write(path)
    with pytest.raises(DataError, match="is a file: unpack it if it is an archive, and give"):
        FolderSource(path)
    assert everything_in(tmp_path) == {"in", "in/scans"}


@pytest.mark.parametrize("name", ["n" * 300, "nul\0byte", "", "link"])
def test_a_root_that_cannot_be_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(DataError, match=r"data\.root="):
        FolderSource(tmp_path / name).scans()


def test_links_to_class_folders_are_followed_and_circles_in_them_are_not(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for label in CLASSES:
        (store / label).mkdir(parents=True)
        (store / label / "a.png").write_bytes(b"x")
        (store / label / "back").symlink_to(store)
    for folder in ("Training", "Testing"):
        (tmp_path / "raw" / folder).mkdir(parents=True)
        for label in CLASSES:
            (tmp_path / "raw" / folder / label).symlink_to(store / label)
    files = {"a.png", "back"}
    found = FolderSource(tmp_path / "raw").scans()
    assert {Path(scan.path).name for scan in found} == files
    assert len(found) == 8
    side_by_side = FolderSource(store).scans()
    assert {scan.path for scan in side_by_side} == {
        f"{c}/{file}" for c in CLASSES for file in files
    }


def test_rubbish_beside_class_folders_is_no_class(tmp_path: Path) -> None:
    for folder in ("Training", "Testing"):
        for label in (*CLASSES, "__MACOSX", ".ipynb_checkpoints"):
            (tmp_path / folder / label).mkdir(parents=True)
            (tmp_path / folder / label / "a.png").write_bytes(b"x")
        (tmp_path / folder / "Thumbs.db").write_bytes(b"x")
    assert FolderSource(tmp_path).classes == CLASSES
    assert {scan.label for scan in FolderSource(tmp_path).scans()} == set(CLASSES)
