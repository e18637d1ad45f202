from pathlib import Path

import numpy as np
import pytest
from figshare_files import figshare_file

from brain_tumor.data.groups.patients import FIGSHARE, read_patients, read_tables
from brain_tumor.data.phantom import write_phantoms
from brain_tumor.data.prepared.manifest import read_manifest
from brain_tumor.data.prepared.prepare import PrepareSettings, prepare_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.sources.figshare import FigshareSource
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.data.sources.joined import JoinedSource
from brain_tumor.files.read import ScanReader
from brain_tumor.files.source import Scan, ScanSource


class Listed(ScanSource):
    def __init__(self, *scans: Scan) -> None:
        self.listed = scans

    def scans(self) -> list[Scan]:
        return list(self.listed)


def test_classes_are_joined_by_name_those_of_the_first_set_first() -> None:
    one = Listed(Scan("1", "b"), Scan("2", "c"))
    other = Listed(Scan("1", "a"), Scan("2", "b"))
    assert JoinedSource({"one": one, "other": other}).classes == ("b", "c", "a")


def test_paths_and_patients_of_two_sets_are_told_apart() -> None:
    scan = Scan("1.png", "a", patient="7", patient_group="7 or 8")
    one, other = JoinedSource({"one": Listed(scan), "other": Listed(scan)}).scans()
    assert (one.name, other.name) == ("one/1.png", "other/1.png")
    assert (one.patient, other.patient) == ("one/7", "other/7")
    assert (one.patient_group, one.source, other.source) == ("one/7 or 8", "one", "other")
    unknown = JoinedSource({"one": Listed(Scan("1.png", "a"))}).scans()[0]
    assert (unknown.patient, unknown.patient_group) == ("", "")


def test_files_are_read_where_they_lie(phantom_root: Path, tmp_path: Path) -> None:
    (tmp_path / "fig").mkdir()
    image = np.arange(24 * 24).reshape(24, 24)
    (tmp_path / "fig" / "1.mat").write_bytes(figshare_file(image, 1, "100360"))
    folder = FolderSource(phantom_root)
    joined = JoinedSource({"a": folder, "b": FigshareSource(tmp_path / "fig")})
    scans = joined.scans()
    reader, own = ScanReader(joined.root), ScanReader(folder.root)
    for scan, alone in zip(scans[:5], folder.scans(), strict=False):
        assert reader.read(scan).digest == own.read(alone).digest
    assert reader.read(scans[-1]).grey().shape == (24, 24)
    # Other sets were made from this one, and name its patients as it does.
    assert scans[-1].patient == "100360"


def test_tables_of_joined_sets_know_the_files_of_their_own(tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    table.write_text("path,patient,slice_id\nx/1.png,7,s1\n")
    tables = read_tables({"one": table, "two": table, "fig": FIGSHARE})
    assert tables is not None
    for name in ("one", "two"):
        known = tables.find(f"{name}/x/1.png", "")
        assert known is not None
        assert (known.patient, known.patient_group) == (f"{name}/7", f"{name}/7")
    digest, known = next(iter(read_patients(FIGSHARE).slices.items()))
    assert tables.find("fig/any.png", digest) == known
    assert tables.find("one/other.png", digest) is None
    assert tables.find("three/x/1.png", "") is None


@pytest.fixture(scope="module")
def joined(
    phantom_root: Path,
    report_settings: PrepareSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> PreparedSet:
    """Join the phantoms with others, among which are copies of some, one of them mirrored."""
    import cv2

    from brain_tumor.files.picture import decode_grey

    root = tmp_path_factory.mktemp("joined")
    write_phantoms(root / "others", patients_per_class=2, slices_per_patient=2, seed=9)
    picture = sorted((phantom_root / "Training" / "glioma").iterdir())
    place = root / "others" / "Training" / "glioma"
    (place / f"copy{picture[0].suffix}").write_bytes(picture[0].read_bytes())
    mirrored = decode_grey(picture[1].read_bytes())[:, ::-1]
    cv2.imwrite(str(place / "mirrored.png"), mirrored)
    source = JoinedSource({"a": FolderSource(phantom_root), "b": FolderSource(root / "others")})
    from dataclasses import replace

    settings = replace(report_settings, patients={"a": phantom_root / "phantoms.csv"})
    return prepare_scans(source, settings, root / "prepared", "joined")


def test_copies_are_found_across_sets(joined: PreparedSet) -> None:
    rows = {row.path: row for row in joined.manifest}
    copy = next(row for path, row in rows.items() if "/copy" in path)
    assert copy.status == "duplicate" and copy.duplicate_of.startswith("a/Training/glioma/")
    groups = dict(zip((row.path for row in joined.kept), joined.groups.tolist(), strict=True))
    mirrored = rows["b/Training/glioma/mirrored.png"]
    alike = [row for row in joined.kept if row.cluster == mirrored.cluster and row != mirrored]
    assert alike and {row.source for row in alike} == {"a"}
    assert {groups[row.path] for row in alike} == {groups[mirrored.path]}


def test_a_manifest_says_which_set_a_scan_is_of(joined: PreparedSet) -> None:
    assert {row.source for row in joined.manifest} == {"a", "b"} == set(joined.sources)
    assert all(row.path.startswith(f"{row.source}/") for row in joined.manifest)
    known = {row.patient.partition("/")[0] for row in joined.manifest if row.patient}
    assert known == {"a"}


def test_a_manifest_of_before_still_opens(joined: PreparedSet, tmp_path: Path) -> None:
    text = (joined.folder / "manifest.csv").read_text(encoding="utf-8").splitlines()
    assert text[0].endswith(",source")
    lines = [line.rpartition(",")[0] for line in text]
    (tmp_path / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    found = read_manifest(tmp_path / "manifest.csv")
    assert [row.path for row in found] == [row.path for row in joined.manifest]
    assert {row.source for row in found} == {""}
