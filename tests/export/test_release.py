"""What is given away of a run: a network that answers by itself, and no path of this machine."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from brain_tumor.errors import ConfigError, DataError
from brain_tumor.export.exported import load_exported
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS


def test_a_release_is_whole_and_tells_nothing_of_this_machine(
    gbmnet: Path, export_run: Callable[..., object], tmp_path: Path
) -> None:
    run = Path(shutil.copytree(gbmnet, tmp_path / "run"))
    place = tmp_path / "new" / "release"
    export_run(run, "overwrite=true", f"release={place}")
    files = {file.name: file for file in place.iterdir()}
    assert set(files) == {"model.onnx", "README.md", "metrics.json", "labels.json"}
    labels = json.loads(files["labels.json"].read_text(encoding="utf-8"))
    assert tuple(labels["classes"]) == load_exported(files["model.onnx"]).metadata.classes
    assert labels["healthy"] == "notumor"
    assert METRICS.read(RunFolder(place)) == METRICS.read(RunFolder(run))
    assert files["README.md"].read_text(encoding="utf-8").startswith("---\n")  # the hub's metadata
    for file in files.values():
        content = file.read_bytes()
        assert str(tmp_path).encode() not in content and str(gbmnet.parent).encode() not in content
    with pytest.raises(DataError, match="holds something already: give a new folder"):
        export_run(run, "overwrite=true", f"release={place}")


def test_a_card_that_is_missing_is_said_before_the_export(
    gbmnet: Path, export_run: Callable[..., object], tmp_path: Path
) -> None:
    run = Path(shutil.copytree(gbmnet, tmp_path / "run"))
    shutil.rmtree(run / "exports", ignore_errors=True)
    (run / "MODEL_CARD.md").unlink()
    with pytest.raises(DataError, match=r"no MODEL_CARD\.md, which .* brain_tumor\.evaluate run="):
        export_run(run, f"release={tmp_path / 'release'}")
    assert not (run / "exports").exists()


def test_a_release_is_of_an_onnx_file(gbmnet: Path, export_run: Callable[..., object]) -> None:
    with pytest.raises(ConfigError, match="release is for ONNX files, format is pt2"):
        export_run(gbmnet, "format=pt2", "release=there")
