import shutil
from pathlib import Path

import kagglehub.cache
import kagglehub.handle
import pytest

from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.doctor.finding import Finding, Mark
from brain_tumor.doctor.scans import kaggle_cache, prepared_sets, scans

HANDLE = "masoudnickparvar/brain-tumor-mri-dataset"


@pytest.fixture
def root(phantom_root: Path, tmp_path: Path) -> Path:
    """Give phantoms that may be damaged."""
    return Path(shutil.copytree(phantom_root, tmp_path / "raw"))


def counts(root: Path, **changed: int) -> list[str]:
    """Give overrides that make the phantoms' counts those of the known version."""
    files = [path for path in root.glob("T*/*/*") if path.is_file()]
    number = {folder: {} for folder in ("Training", "Testing")}
    for path in files:
        own = number[path.parts[-3]]
        own[path.parts[-2]] = own.get(path.parts[-2], 0) + 1
    number["Testing"] |= changed
    return [
        f"data.kaggle.counts.{folder}.{label}={count}"
        for folder, labels in number.items()
        for label, count in labels.items()
    ]


def look(machine) -> list[tuple[Mark, str]]:
    return [(finding.mark, finding.found) for finding in scans(machine)]


def test_whole_scans_are_well(machine_with, root: Path) -> None:
    found = look(machine_with(f"data.root={root}", *counts(root)))
    assert [mark for mark, _ in found] == [Mark.OK, Mark.OK]
    assert "the counts of the known version" in found[0][1]
    assert found[1][1].startswith("8 files")


def test_other_counts_only_warn_where_a_folder_was_given(machine_with, root: Path) -> None:
    found = look(machine_with(f"data.root={root}", *counts(root, glioma=99)))
    assert [mark for mark, _ in found] == [Mark.WARNING, Mark.OK]
    assert "Testing/glioma" in found[0][1]
    assert "for 99" in found[0][1]


def test_other_counts_in_a_download_are_broken(
    machine_with, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    overrides = ("data.source=kaggle", "data.root=null")
    (mark, said), *none = look(machine_with(*overrides))
    assert (mark, none) == (Mark.WARNING, [])
    assert "will be downloaded" in said

    place = tmp_path / "cache/datasets" / HANDLE
    shutil.copytree(root, place / "versions/1")
    assert look(machine_with(*overrides))[0][0] is Mark.WARNING  # not whole yet
    (place / "1.complete").write_text("")
    assert look(machine_with(*overrides))[0][0] is Mark.BROKEN
    found = look(machine_with(*overrides, *counts(root)))
    assert [mark for mark, _ in found] == [Mark.OK, Mark.OK]


@pytest.mark.parametrize("given", ["/some/cache", None])
def test_the_cache_is_kagglehubs_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.delenv("KAGGLEHUB_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("kagglehub.config.DEFAULT_CACHE_FOLDER", str(tmp_path / ".cache/kagglehub"))
    if given:
        monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / given.strip("/")))
    handle = kagglehub.handle.parse_dataset_handle(f"{HANDLE}/versions/1")
    folder = Path(kagglehub.cache.get_cached_path(handle))
    assert kaggle_cache(HANDLE, 1) is None
    folder.mkdir(parents=True)
    assert kaggle_cache(HANDLE, 1) is None
    kagglehub.cache.Cache().mark_as_complete(handle)
    assert kaggle_cache(HANDLE, 1) == folder


def test_a_missing_folder_is_broken(machine_with) -> None:
    (only,) = look(machine_with("data.root=nowhere"))
    assert only[0] is Mark.BROKEN
    assert "There is no folder nowhere" in only[1]


def test_a_folder_that_was_not_given_is_broken(machine_with) -> None:
    (only,) = look(machine_with("data.root=null"))
    assert only[0] is Mark.BROKEN


def test_a_missing_class_is_broken(machine_with, root: Path) -> None:
    shutil.rmtree(root / "Testing/glioma")
    (only,) = look(machine_with(f"data.root={root}"))
    assert only[0] is Mark.BROKEN
    assert "glioma" in only[1]


def test_a_damaged_file_warns(machine_with, root: Path) -> None:
    first = min((root / "Training/notumor").iterdir())
    first.write_bytes(first.read_bytes()[:20])
    found = look(machine_with(f"data.root={root}", *counts(root)))
    assert found[1][0] is Mark.WARNING
    assert first.name in found[1][1]


def test_phantoms_say_that_they_are_drawn(machine_with, root: Path, tmp_path: Path) -> None:
    phantom = ("data=phantom", "data.source=phantom")
    (only,) = look(machine_with(*phantom, f"data.root={tmp_path / 'new'}"))
    assert only[0] is Mark.OK
    assert "will be drawn" in only[1]
    found = look(machine_with(*phantom, f"data.root={root}"))
    assert "teach nothing" in found[0][1]


def test_without_opencv_scans_cannot_be_looked_at(machine_with) -> None:
    machine = machine_with(opencv__opencv={"error": "ImportError: libGL.so.1"})
    (only,) = look(machine)
    assert only[0] is Mark.BROKEN
    assert list(prepared_sets(machine)) == []


def test_prepared_sets_have_to_open(machine_with, prepared: PreparedSet, tmp_path: Path) -> None:
    def sets() -> list[Finding]:
        return list(prepared_sets(machine_with(f"data.prepared={tmp_path / 'sets'}")))

    (found,) = sets()
    assert found.found.startswith("none yet")
    folder = tmp_path / "sets" / prepared.folder.name
    shutil.copytree(prepared.folder, folder)
    (found,) = sets()
    assert (found.mark, found.found) == (Mark.OK, f"1 of 1 in {folder.parent} open")
    images = folder / "images.npy"
    images.write_bytes(images.read_bytes()[:5000])
    (found,) = sets()
    assert found.mark is Mark.BROKEN
    assert found.remedy == f"delete {folder}"
