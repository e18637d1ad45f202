from pathlib import Path

import cv2
import hydra
import numpy as np
import pytest
from bodies import nifti
from phantoms import draw_phantom

from brain_tumor.cli.command import conf_folder
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.evaluate.evaluate import evaluation_settings
from brain_tumor.evaluate.external import ExternalSettings, account_for_files, open_external
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.predict.reader import Reader, files_and_volumes
from brain_tumor.runs.folder import RunFolder


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    root = tmp_path / "hospital"
    for label, folder in (("glioma", "glioma"), ("notumor", "no_tumor")):
        (root / folder).mkdir(parents=True)
        for i in range(2):
            scan = draw_phantom(label, "axial", np.random.default_rng([5, i]), 220).pixels
            cv2.imwrite(str(root / folder / f"{i}.png"), scan)
    return root


def asked(tmp_path: Path, root: Path, *overrides: str) -> ExternalSettings:
    ours = ["run=RUN", f"data.root={root}", f"data.prepared={tmp_path / 'prepared'}"]
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("evaluate", [*ours, *overrides])
    return evaluation_settings(config).data


def test_every_scan_that_is_left_is_served_as_test_scan(
    datamodule: ScanDataModule, hospital: Path, tmp_path: Path
) -> None:
    node = asked(tmp_path, hospital, "data.names={no_tumor: notumor}")
    opened = open_external(datamodule, node, VolumeSettings(), print)
    assert set(opened.split.parts) == {"test"}
    assert opened.prepared.classes == datamodule.prepared.classes
    assert opened.prepared.folder.name.startswith("external-hospital-")
    batches = list(opened.part_dataloader("test"))
    labels = np.concatenate([batch.labels.numpy() for batch in batches])
    assert [opened.prepared.classes[label] for label in labels] == ["glioma"] * 2 + ["notumor"] * 2
    assert opened.batch_size == datamodule.batch_size


def test_a_run_s_own_prepared_set_decides_how_scans_are_cut(
    datamodule: ScanDataModule, hospital: Path, tmp_path: Path
) -> None:
    opened = open_external(
        datamodule,
        asked(tmp_path, hospital, "data.names={no_tumor: null}"),
        VolumeSettings(),
        print,
    )
    for key in ("crop", "harmonise", "near_duplicates"):
        assert opened.prepared.summary[key] == datamodule.prepared.summary[key]


@pytest.mark.parametrize("names", ["notumor", "[no_tumor]"])
def test_names_have_to_be_a_mapping(
    datamodule: ScanDataModule, hospital: Path, tmp_path: Path, names: str
) -> None:
    with pytest.raises(ConfigError, match=r"data\.names must be a group of named values or null"):
        changed = asked(tmp_path, hospital, f"data.names={names}")
        open_external(datamodule, changed, VolumeSettings(), print)


def test_a_table_of_other_scans_is_refused(
    datamodule: ScanDataModule, hospital: Path, phantom_root: Path, tmp_path: Path
) -> None:
    table = phantom_root / "phantoms.csv"
    node = asked(tmp_path, hospital, "data.names={no_tumor: notumor}", f"data.patients={table}")
    with pytest.raises(DataError, match=r"names no file of .*hospital"):
        open_external(datamodule, node, VolumeSettings(), print)


def test_what_cannot_be_used_is_named_and_the_manifest_too(
    datamodule: ScanDataModule, hospital: Path, tmp_path: Path
) -> None:
    (hospital / "glioma" / "notes.txt").write_text("no scan")
    cv2.imwrite(str(hospital / "glioma" / "flat.png"), np.full((200, 200), 128, np.uint8))
    said: list[str] = []
    node = asked(tmp_path, hospital, "data.names={no_tumor: notumor}")
    opened = open_external(datamodule, node, VolumeSettings(), said.append)
    out = RunFolder(tmp_path / "out")
    out.create()
    account_for_files(out, opened, said.append)
    shown = "\n".join(said)
    assert "glioma/notes.txt: undecodable: not a picture" in shown
    assert "glioma/flat.png: blank: one grey value everywhere" in shown
    assert str(opened.prepared.folder / "manifest.csv") in shown


def test_slices_of_volumes_are_scored_as_predict_takes_them(
    datamodule: ScanDataModule, hospital: Path, tmp_path: Path
) -> None:
    nifti(hospital / "glioma" / "volume.nii.gz")
    node = asked(tmp_path, hospital, "data.names={no_tumor: notumor}")
    volume = VolumeSettings("coronal", 3)
    opened = open_external(datamodule, node, volume, print)
    reader = Reader(
        CropSettings(**opened.prepared.summary["crop"]),
        HarmoniseSettings(**opened.prepared.summary["harmonise"]),
        volume,
    )
    (place,) = files_and_volumes([hospital / "glioma" / "volume.nii.gz"])
    pieces = reader.scans(place)
    assert len(pieces) == 3
    rows = {row.path: row for row in opened.prepared.manifest}
    compared = 0
    for piece in pieces:
        row = rows[str(Path(piece.name).relative_to(hospital))]
        if row.row is not None:  # no copy of another slice
            assert np.array_equal(opened.prepared.images[row.row], reader.read(piece).pixels)
            compared += 1
    assert compared


def test_a_table_lists_scans_with_their_patients(
    datamodule: ScanDataModule, hospital: Path, tmp_path: Path
) -> None:
    table = hospital / "labels.csv"
    table.write_text(
        "path,label,patient\nglioma/0.png,g,p1\nglioma/1.png,g,p1\nno_tumor/0.png,h,p2\n"
    )
    words = ["data.root=null", f"data.table={table}", "data.names={g: glioma, h: notumor}"]
    opened = open_external(datamodule, asked(tmp_path, hospital, *words), VolumeSettings(), print)
    labels = [(row.path, row.label, row.patient) for row in opened.prepared.kept]
    assert labels == [
        ("glioma/0.png", "glioma", "p1"),
        ("glioma/1.png", "glioma", "p1"),
        ("no_tumor/0.png", "notumor", "p2"),
    ]
    table.write_text("path,label\nglioma/0.png,notumor\nno_tumor/0.png,glioma\n")
    other = ["data.root=null", f"data.table={table}"]
    turned = open_external(datamodule, asked(tmp_path, hospital, *other), VolumeSettings(), print)
    assert [row.label for row in turned.prepared.kept] == ["notumor", "glioma"]


def test_a_table_whose_paths_lead_out_of_its_folder_is_refused_before_the_work(
    datamodule: ScanDataModule, hospital: Path, tmp_path: Path
) -> None:
    table = tmp_path / "tables" / "labels.csv"
    table.parent.mkdir()
    table.write_text("path,label\n../hospital/glioma/0.png,glioma\n")
    node = asked(tmp_path, hospital, "data.root=null", f"data.table={table}")
    with pytest.raises(DataError, match=r"lies outside that folder.*data\.root=FOLDER"):
        open_external(datamodule, node, VolumeSettings(), print)
    assert not [*(tmp_path / "prepared").glob("external-*")]


def test_a_table_that_is_set_to_nothing_is_not_the_run_s_own_scans(tmp_path: Path) -> None:
    # As `data.table=$TABLE` of a shell without that variable.
    assert asked(tmp_path, tmp_path, "data.root=null", "data.table=").place is not None
