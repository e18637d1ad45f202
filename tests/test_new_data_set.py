"""A data set of one's own is one YAML: in a folder that Hydra is pointed to, nothing else."""

import shutil
from pathlib import Path

import hydra

from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.runs.folder import RunFolder
from brain_tumor.train.train import train

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
"""


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
        *("model.width=16", "trainer.max_epochs=1", "trainer=cpu", "split=official"),
        *("evaluation.healthy=none", "evaluation.resamples=100", "evaluation.figures=false"),
    ]
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("train", words)
    scores = train(config)
    assert set(scores.parts["test"].per_class) == {"mass", "none"}
    record = RunFolder(tmp_path / "run").read_json("run.json")
    assert record["data"]["name"] == "hospital"
