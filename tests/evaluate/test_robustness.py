"""`evaluate robustness=test` on a run of phantoms."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import hydra
import pytest
from omegaconf import DictConfig

from brain_tumor.cli.command import conf_folder
from brain_tumor.data.phantom import write_phantoms
from brain_tumor.data.transforms.corruptions import CORRUPTIONS
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.evaluate.evaluate import evaluate
from brain_tumor.runs.results.metrics import Metrics
from brain_tumor.train.train import train

CHEAP = ("blur", "darker", "rotation")
Evaluate = Callable[..., Metrics]


@pytest.fixture(scope="module")
def trained(
    compose_in: Callable[..., DictConfig], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    small = ("model.width=16", "trainer.max_epochs=2", "optimizer.lr=1e-3", "logger=none")
    small += ("evaluation.resamples=100", "evaluation.figures=false", "split=official")
    train(compose_in(folder, *small, "data.batch_size=16"))
    return folder


@pytest.fixture
def again(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """Evaluate a copy of the run under three of the corruptions."""
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    few = {name: CORRUPTIONS[name] for name in CHEAP}
    monkeypatch.setattr("brain_tumor.evaluate.robustness.CORRUPTIONS", few)

    def evaluated(*overrides: str) -> Metrics:
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            ours = [f"run={run}", "accelerator=cpu", "evaluation.resamples=100"]
            ours += [f"data.prepared={tmp_path / 'prepared'}", "evaluation.figures=false"]
            return evaluate(hydra.compose("evaluate", [*ours, *overrides]))

    return evaluated


def test_it_is_written_beside_the_scores(
    again: Evaluate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    before = {path: path.read_bytes() for path in run.glob("metrics.*")}
    metrics = again("robustness=test")
    assert {path: path.read_bytes() for path in before} == before
    content = json.loads((run / "robustness_test.json").read_text())
    test = metrics.parts["test"]
    content = content["scores"]
    assert content["clean_accuracy"] == test.scores["accuracy"].value
    assert content["clean"] == pytest.approx(vars(test.scores["balanced_accuracy"]))
    assert (content["scans"], content["groups"]) == (test.scans, test.groups)
    assert list(content["corruptions"]) == list(CHEAP)
    assert content["mean"]["low"] <= content["mean"]["value"] <= content["mean"]["high"]
    shown = capsys.readouterr().out
    assert "robustness: gbmnet" in shown and "robustness_test.json" in shown


def test_again_it_gives_the_same_bytes(
    again: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brain_tumor.evaluate.robustness.STRENGTHS", (4,))
    run = tmp_path / "run"
    again("robustness=test")
    first = (run / "robustness_test.json").read_bytes()
    again("robustness=test")
    assert (run / "robustness_test.json").read_bytes() == first


def test_strength_0_scores_as_clean_scans_do(
    again: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brain_tumor.evaluate.robustness.STRENGTHS", (0,))
    again("robustness=test")
    content = json.loads((tmp_path / "run" / "robustness_test.json").read_text())["scores"]
    for own in content["corruptions"].values():
        assert own["accuracy"] == [content["clean_accuracy"]]
        assert own["balanced_accuracy"] == [content["clean"]["value"]]
    assert content["lost"]["value"] == content["lost"]["high"] == 0


def test_scans_of_another_origin_are_corrupted_too(again: Evaluate, tmp_path: Path) -> None:
    write_phantoms(tmp_path / "drawn", patients_per_class=2, slices_per_patient=2, seed=77)
    metrics = again("robustness=test", f"data.root={tmp_path / 'drawn' / 'Training'}")
    (out,) = (tmp_path / "run" / "external").iterdir()
    content = json.loads((out / "robustness_test.json").read_text())
    assert content["scores"]["scans"] == metrics.parts["test"].scans
    assert not (tmp_path / "run" / "robustness_test.json").exists()


def test_validation_scans_take_the_place_of_test_scans(
    again: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brain_tumor.evaluate.robustness.STRENGTHS", (2,))
    metrics = again("robustness=validation")
    content = json.loads((tmp_path / "run" / "robustness_validation.json").read_text())
    own = metrics.parts["validation"]
    assert (content["part"], content["scores"]["scans"]) == ("validation", own.scans)
    assert own.scans != metrics.parts["test"].scans
    assert content["scores"]["clean_accuracy"] == own.scores["accuracy"].value
    assert not (tmp_path / "run" / "robustness_test.json").exists()


def test_a_part_that_is_not_there_is_told(again: Evaluate, tmp_path: Path) -> None:
    write_phantoms(tmp_path / "drawn", patients_per_class=2, slices_per_patient=2, seed=77)
    with pytest.raises(DataError, match="no validation scans to corrupt"):
        again("robustness=validation", f"data.root={tmp_path / 'drawn' / 'Training'}")
    assert not (tmp_path / "run" / "external").exists()  # told before anything was scored


def test_it_is_a_part_or_nothing(again: Evaluate) -> None:
    with pytest.raises(ConfigError, match="robustness must be"):
        again("robustness=maybe")
