"""Sets are joined by the names of their choices in conf/data, with values beside them."""

import shutil
import sys
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytest
from figshare_files import figshare_file
from omegaconf import DictConfig
from phantoms import PhantomTruth

from brain_tumor.cli.command import register_resolvers
from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.config.data import build_prepared
from brain_tumor.config.data_settings import DataSettings, data_settings
from brain_tumor.config.source import build_source
from brain_tumor.config.values import check_values
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.errors import ConfigError, DataError

YAML = """
defaults: [folder, _self_]
name: hospital
root: {root}
"""


def composed(*words: str) -> DictConfig:
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return hydra.compose("prepare", ["data=joined", *words])


def settings_of(config: DictConfig) -> DataSettings:
    return data_settings(check_values(config, "prepare")["data"])


def test_sets_have_all_of_their_values(phantom_root: Path) -> None:
    mapping = f"{{data: folder, root: {phantom_root}, name: other}}"
    small = "{data: phantom, phantom: {patients_per_class: 3, seed: 7}}"
    data = settings_of(composed(f"data.sources=[{small},{mapping}]"))
    assert [one.name for one in data.joined] == ["phantom", "other"]
    first, second = data.joined
    assert first.root == "data/phantom-3x5-seed7"
    assert (second.root, second.classes) == (str(phantom_root), None)
    assert first.crop == second.crop == data.crop
    # What a run keeps can be read without conf, such as in another folder.
    assert all("???" not in str(one) and "${" not in str(one) for one in data.sets)


def test_a_set_of_ones_own_is_found_where_hydra_looks(
    phantom_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from brain_tumor.prepare import main

    place = tmp_path / "conf" / "data" / "hospital.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(YAML.format(root=phantom_root), encoding="utf-8")
    shutil.copytree(phantom_root, tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    words = ["data=joined", "data.sources=[hospital,{root: other}]", "split=source"]
    words += [f"hydra.searchpath=[file://{tmp_path / 'conf'}]", "split.source=hospital"]
    monkeypatch.setattr(sys, "argv", ["brain_tumor.prepare", *words])
    # All of the other set are copies, so nothing is left to train on.
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr()
    assert "joined: hospital 63, folder 63" in said.out
    assert "leaves no training scan: all are of hospital or related" in said.err


def test_the_figshare_set_is_a_choice_of_conf(tmp_path: Path) -> None:
    for number in (1, 2):
        image = np.arange(24 * 24).reshape(24, 24)
        content = figshare_file(image, number, f"10036{number}")
        (tmp_path / f"{number}.mat").write_bytes(content)
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("prepare", ["data=figshare", f"data.root={tmp_path}"])
    data = settings_of(config)
    scans = build_source(data).scans()
    assert [(scan.label, scan.patient) for scan in scans] == [
        ("meningioma", "100361"),
        ("glioma", "100362"),
    ]
    assert (data.classes, data.healthy) == (("glioma", "meningioma", "pituitary"), None)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ("[phantom]", r"data\.sources must be a list of two or more sets: \['phantom'\]"),
        ("phantom", r"data\.sources must be a list of two or more sets: 'phantom'"),
        ("[phantom,phantoms]", r"names 'phantoms', which .* did you mean phantom\?"),
        ("[phantom,{data: folder}]", r"root is not given: write \{data: folder, root: VALUE\}"),
        ("[phantom,3]", r"data\.sources holds 3: name conf/data choices, or"),
        ("[phantom,phantom]", "names two sets phantom: give one another name"),
        ("[phantom,{data: phantom, naem: x}]", r"naem is unknown: did you mean data\.name\?"),
        ("[phantom,{data: phantom, phantom: {seed: -1}}]", r"phantom\.seed must be"),
    ],
)
def test_what_cannot_be_joined_is_said_in_a_sentence(sources: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        settings_of(composed(f"data.sources={sources}"))
    assert "Error" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("words", [["data.sources=[phantom,{root: a}]"], ["data=own"]])
def test_names_that_would_be_ignored_are_refused(words: list[str]) -> None:
    words = [*words, "data.names={no: notumor}", "+data._target_=a.b"]
    with pytest.raises(ConfigError, match=r"data\.names is not read where data\.source is "):
        settings_of(composed(*words))


def test_names_and_patient_tables_count_beside_their_set(
    phantom_root: Path, truth: PhantomTruth, tmp_path: Path
) -> None:
    scans = [scan for scan in truth.scans if scan.label in ("glioma", "notumor")]
    called = {"glioma": "G", "notumor": "N"}
    table, patients = tmp_path / "scans.csv", tmp_path / "patients.csv"
    lines = [f"{scan.path},{called[scan.label]}" for scan in scans]
    table.write_text("\n".join(["path,label", *lines]), encoding="utf-8")
    known = [f"{scan.path},{scan.patient}" for scan in scans]
    patients.write_text("\n".join(["path,patient", *known]), encoding="utf-8")
    beside = f"table: {table}, root: {phantom_root}, names: {{G: glioma, N: notumor}}"
    other = f"{{data: csv, {beside}, name: b}}"

    def prepared(table: Path) -> PreparedSet:
        one = f"{{data: csv, {beside}, patients: {table}, name: a}}"
        words = (f"data.sources=[{one},{other}]", f"data.prepared={tmp_path / 'prepared'}")
        return build_prepared(settings_of(composed(*words)))

    rows = prepared(patients).manifest
    labels = {scan.path: scan.label for scan in scans}
    owners = {scan.path: scan.patient for scan in scans}
    for row in rows:
        assert row.label == labels[row.path[2:]]
        if row.source == "a":
            assert row.patient == f"a/{owners[row.path[2:]]}"
    assert {row.source for row in rows} == {"a", "b"}

    patients.write_text("path,patient\nelsewhere.jpg,1\n", encoding="utf-8")
    with pytest.raises(DataError, match=rf"patients\.csv names no file of {phantom_root}: "):
        prepared(patients)
