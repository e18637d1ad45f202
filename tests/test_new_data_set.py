"""Data sets of one's own: folders and tables without code, one YAML, one class."""

import shutil
from collections import Counter
from pathlib import Path

import hydra
import pytest
from omegaconf import DictConfig
from phantoms import PhantomTruth

from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.config.data import build_prepared
from brain_tumor.config.data_settings import data_settings
from brain_tumor.config.source import build_source
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.evaluate.evaluate import evaluate
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.reopen import reopen_prepared
from brain_tumor.train.train import train
from brain_tumor.trust import trusting

YAML = """
defaults:
  - pipeline@_here_: report
  - harmonise: none
  - _self_
name: hospital
source: folder
root: {root}
patients: null
classes: [mass, none]
healthy: none
"""
SMALL = (
    *("model.width=16", "trainer.max_epochs=1", "trainer=cpu", "data.batch_size=8"),
    *("evaluation.resamples=100", "evaluation.figures=false"),
)


def composed(name: str, *words: str) -> DictConfig:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return hydra.compose(name, words)


@pytest.fixture
def flat(phantom_root: Path, tmp_path: Path) -> Path:
    """Give a flat folder of three classes of phantoms, one folder too deep."""
    root = tmp_path / "download"
    for theirs, ours in (("glioma", "mass"), ("notumor", "normal"), ("pituitary", "unclear")):
        shutil.copytree(phantom_root / "Training" / theirs, root / "set" / ours)
        shutil.copytree(phantom_root / "Testing" / theirs, root / "set" / ours, dirs_exist_ok=True)
    return root


def test_a_new_data_set_is_one_yaml(phantom_root: Path, tmp_path: Path) -> None:
    root = tmp_path / "scans"
    for folder in ("Training", "Testing"):
        for theirs, ours in (("glioma", "mass"), ("notumor", "none")):
            shutil.copytree(phantom_root / folder / theirs, root / folder / ours)
    place = tmp_path / "conf" / "data" / "hospital.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(YAML.format(root=root), encoding="utf-8")

    words = [
        *(f"hydra.searchpath=[file://{tmp_path / 'conf'}]", "data=hospital"),
        *(f"run_folder={tmp_path / 'run'}", f"data.prepared={tmp_path / 'prepared'}"),
        *("split=official", *SMALL),
    ]
    scores = train(composed("train", *words))
    assert set(scores.parts["test"].per_class) == {"mass", "none"}
    assert scores.parts["test"].confidence.tumour is not None
    record = RunFolder(tmp_path / "run").read_json("run.json")
    assert record["data"]["name"] == "hospital"


def test_a_flat_folder_is_trained_on_and_scored_again_where_it_lies_later(
    flat: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    run, prepared = tmp_path / "run", tmp_path / "prepared"
    words = ("data=folder", f"data.root={flat}", "data.names={unclear: null}", "split=patient")
    words += ("split.folds=3", "data.healthy=normal", f"data.prepared={prepared}", *SMALL)
    scores = train(composed("train", f"run_folder={run}", *words))
    shown = capsys.readouterr().out
    assert shown.startswith(f"found in {flat / 'set'}: ")
    assert "of 2 classes\n" in shown and "part" not in shown.splitlines()[0]
    assert "left out: unclear" in shown
    assert "not scored" not in shown
    assert scores.parts["test"].confidence.tumour is not None  # one key, data.healthy, is enough
    card = (run / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "patient split of folder" in card
    assert "another source" not in card and "public collections" not in card

    before = (run / "metrics.json").read_bytes()
    again = ("evaluation.figures=false", "accelerator=cpu", f"data.prepared={prepared}")
    shutil.rmtree(next(prepared.glob("folder-*")))
    moved = flat.rename(tmp_path / "moved")
    with pytest.raises(DataError, match=rf"{flat} is not there: give .* as root=FOLDER"):
        evaluate(composed("evaluate", f"run={run}", *again))
    with pytest.raises(DataError, match=r"as data\.root=FOLDER"):
        reopen_prepared(RunFolder(run), data_settings(RunFolder(run).read_config().data))
    evaluate(composed("evaluate", f"run={run}", f"root={moved}", *again))
    assert (run / "metrics.json").read_bytes() == before


def test_without_a_healthy_class_it_is_said_that_tumour_scores_are_left_out(
    flat: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = [f"run_folder={tmp_path / 'run'}", "data=folder", f"data.root={flat}"]
    words.append("data.names={normal: plain}")  # a name that healthy scans do not usually have
    scores = train(composed("train", *words, f"data.prepared={tmp_path / 'a'}", *SMALL))
    assert scores.parts["test"].confidence.tumour is None
    said = " ".join(capsys.readouterr().out.split())
    assert "as no class is called notumor: if one of mass, plain, unclear" in said


def test_a_table_names_patients_and_parts(
    phantom_root: Path, truth: PhantomTruth, tmp_path: Path
) -> None:
    table = phantom_root / "three.csv"
    scans = [scan for scan in truth.scans if scan.label != "pituitary"]
    lines = [f"{scan.path},{scan.label},{scan.patient},{scan.slice_id}" for scan in scans]
    table.write_text("\n".join(["path,label,patient,slice", *lines]), encoding="utf-8")
    data = ("data=csv", f"data.table={table}", f"data.prepared={tmp_path / 'a'}")
    found = build_prepared(data_settings(composed("train", *data).data))
    assert found.classes == ("glioma", "meningioma", "notumor")
    by_path = {scan.path: scan for scan in scans}
    for row in found.manifest:
        scan = by_path[row.path]
        assert (row.patient, row.patient_group) == (scan.patient, scan.patient)
        assert (row.slice_id, row.folder, row.label) == (scan.slice_id, "", scan.label)
    groups = {patient: set() for patient in {row.patient for row in found.kept}}
    for row, group in zip(found.kept, found.groups.tolist(), strict=True):
        groups[row.patient].add(group)
    assert all(len(one) == 1 for one in groups.values())
    # What the table says is part of what the set is: with it changed, it is another one.
    table.write_text(table.read_text().replace(lines[0], lines[0][:-1] + "9"), encoding="utf-8")
    changed = build_prepared(data_settings(composed("train", *data).data))
    assert changed.fingerprint != found.fingerprint


def test_a_validation_folder_is_a_part(phantom_root: Path, tmp_path: Path) -> None:
    root = tmp_path / "scans"
    parts = (("Training", "TRAIN"), ("Testing", "val"), ("Testing", "test"))
    for theirs, ours in parts:
        for label in ("glioma", "notumor"):
            shutil.copytree(phantom_root / theirs / label, root / ours / label)
    words = ("data=folder", f"data.root={root}", f"data.prepared={tmp_path / 'a'}")
    found = build_prepared(data_settings(composed("train", *words).data))
    published = Counter(row.folder for row in found.manifest)
    assert published["Validation"] == published["Testing"] > 0
    # Those of Testing are copies of those of Validation: an earlier part keeps them.
    steps = found.summary["duplicates"]
    assert steps["testing_in_validation"] + steps.get("testing_in_training", 0) > 0
    assert {row.folder for row in found.kept} == {"Training", "Validation"}


SCANS = """
import numpy as np
from brain_tumor.files.source import Scan, ScanSource

class MyScans(ScanSource):
    def __init__(self, root, number=4):
        self.root, self.number = root, number

    def scans(self):
        for number in range(self.number):
            yield Scan(f"s{number}", "ab"[number % 2], pixels=np.eye(64) * number + number)
"""


def test_a_source_of_one_s_own_needs_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scans_of_mine.py").write_text(SCANS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    data = ("data=own", "data._target_=scans_of_mine.MyScans", f"data.root={tmp_path}")
    settings = data_settings(composed("prepare", *data, "+data.arguments.number=6").data)
    with pytest.raises(ConfigError, match=r"trust=\[scans_of_mine\]"):
        build_source(settings)
    with trusting(["scans_of_mine"]):
        source = build_source(settings)
        assert (source.root, source.classes) == (tmp_path, ("a", "b"))
        assert len(list(source.scans())) == 6
        wrong = data_settings(composed("prepare", *data, "+data.arguments.numbre=6").data)
        with pytest.raises(ConfigError, match=r"data\.arguments\.numbre is unknown"):
            build_source(wrong)
        other = data_settings(
            composed("prepare", "data=own", "data._target_=scans_of_mine.Scan").data
        )
        with pytest.raises(ConfigError, match="no ScanSource"):
            build_source(other)
