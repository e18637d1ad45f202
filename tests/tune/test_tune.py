"""Studies on phantoms: validation alone chooses, poor trials stop, stopped studies go on."""

import contextlib
import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import hydra
import matplotlib
import matplotlib.pyplot as plt
import optuna
import pytest
import torch
from omegaconf import DictConfig, OmegaConf

from brain_tumor.cli.command import conf_folder
from brain_tumor.errors import ConfigError, DataError, TrainingError
from brain_tumor.tune import trial as trials_module
from brain_tumor.tune import tune as tuning
from brain_tumor.tune.trial import WatchedScore
from brain_tumor.tune.tune import tune

SMALL = (
    *("model.width=16", "trainer.max_epochs=1", "study.trials=2", "logger=none"),
    *("split=official", "split.validation_fraction=0.3", "data.batch_size=16"),
    *("~search.model.width", "~search.data.batch_size"),
    *("callbacks.sheet=null", "callbacks.pictures=null"),
)


def choices(*overrides: str) -> dict:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        groups = [word for word in overrides if word in ("logger=none", "split=official")]
        whole = hydra.compose("tune", groups, return_hydra_config=True)
    return dict(whole.hydra.runtime.choices)


@pytest.fixture
def study(compose, tmp_path: Path):
    def of(*overrides: str) -> DictConfig:
        folder = tmp_path / "tune-x"
        return compose(*SMALL, f"study.folder={folder}", *overrides, name="tune")

    return of


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def stored(folder: Path) -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name=None, storage=f"sqlite:///{folder / 'study.db'}").trials


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("study.objective=test/accuracy", "only validation scores"),
        ("study.objective=final/test/accuracy", "only validation scores"),
        ("study.objective=train/loss", "only validation scores"),
        ("study.objective=val/auc", "val/macro_f1"),
        ("split.validation_fraction=0", "no validation part"),
        ("study.trials=0", "study.trials"),
        ("study.timeout=-1", "study.timeout"),
        ("study.seed=-1", "study.seed"),
        ("resume=somewhere", "leave resume out"),
        ("debug=fast", "fast_dev_run"),
        ("trainer.devices=2", "one device"),
        ("search.optimizer.lr.low=1", "low <= high"),
        ("search.model.dropout.high=2", r"model.dropout must be a number in 0\.\.1"),
        ("+study.x=1", "study.x is unknown"),
        ("study.pruner.n_startup_trials=-1", "study.pruner cannot be built"),
        ("+foo=1", "foo is unknown"),
        ("model.dropout=3", "model.dropout must be a number in"),
    ],
)
def test_a_mistake_is_told_before_any_scan_is_read(study, override: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        tune(study("data.root=nowhere", override), choices())


def test_a_study_leaves_its_trials_and_a_recipe(
    study, compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    config = study()
    best = tune(config, choices(*SMALL))
    folder = tmp_path / "tune-x"
    table = rows(folder)
    assert [row["state"] for row in table] == ["finished", "finished"]
    scores = [float(row["val/balanced_accuracy"]) for row in table]
    assert best is not None and best.value == max(scores)
    assert "--config-dir" in capsys.readouterr().out
    assert (folder / "figures" / "history.svg").exists() and (folder / "study.md").exists()
    for row in table:
        run = folder / row["run"]
        record = json.loads((run / "run.json").read_text())
        assert record["status"] == "trained"
        assert record["trial"]["value"] == float(row["val/balanced_accuracy"])
        # Nothing anywhere tells how the test part was answered.
        assert not (run / "metrics.json").exists() and not (run / "predictions.csv").exists()
        assert "test" not in (run / "metrics.csv").read_text()

    # The recipe composes to the trial's configuration, all but name and place.
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        search_path = f"hydra.searchpath=[file://{folder}]"
        recipe = hydra.compose("train", [search_path, "experiment=best", "run_folder=x"])
    own = OmegaConf.load(folder / best.user_attrs["run"] / "config.yaml")
    own.run_folder, own.name = "x", recipe.name
    text = OmegaConf.to_yaml(own).replace(str(folder / best.user_attrs["run"]), "x")
    assert OmegaConf.to_container(recipe, resolve=True) == OmegaConf.to_container(
        OmegaConf.create(text)
    )

    # The same command again has nothing to do; more trials are drawn as if in one call.
    before = [trial.params for trial in stored(folder)]
    tune(config, choices(*SMALL))
    assert [trial.params for trial in stored(folder)] == before
    with pytest.raises(ConfigError, match=r"model.width was 16, now 8"):
        tune(study("model.width=8"), choices(*SMALL))
    with pytest.raises(ConfigError, match=r"search.optimizer.lr.high was 0.003, now 0.1"):
        tune(study("search.optimizer.lr.high=0.1"), choices(*SMALL))


def test_a_stopped_study_goes_on_to_the_same_trials(
    study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops: set[int] = set()

    def fake(trial, study, console):
        if trial.number in stops:
            stops.clear()
            raise KeyboardInterrupt
        trial.report(trial.params["model.dropout"], 1)
        return trial.params["model.dropout"]

    monkeypatch.setattr(tuning, "run_trial", fake)
    drawn = []
    for name, interrupted in (("whole", -1), ("stopped", 2)):
        stops.add(interrupted)
        config = study("study.trials=5", "study.sampler.n_startup_trials=2")
        config.study.folder = str(tmp_path / name)
        if interrupted >= 0:
            with pytest.raises(KeyboardInterrupt, match="the same command continues"):
                tune(config, choices(*SMALL))
            assert [row["state"] for row in rows(tmp_path / name)][2:] == ["stopped"]
        tune(config, choices(*SMALL))
        table = rows(tmp_path / name)
        assert [row["state"] for row in table] == ["finished"] * 5
        drawn.append([(row["optimizer.lr"], row["model.dropout"]) for row in table])
    assert drawn[0] == drawn[1]


def test_a_study_leaves_charts_and_what_explains_its_scores(
    study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(matplotlib.rcParams)

    def fake(trial, study, console):
        trial.report(trial.params["model.dropout"], 1)
        if trial.number == 3:
            raise optuna.TrialPruned
        if trial.number == 4:
            raise TrainingError("The training loss became nan.")
        return trial.params["model.dropout"]

    monkeypatch.setattr(tuning, "run_trial", fake)
    tune(study("study.trials=13"), choices(*SMALL))
    folder = tmp_path / "tune-x"
    assert {"history.png", "values.svg"} <= {file.name for file in (folder / "figures").iterdir()}
    page = (folder / "study.md").read_text()
    assert "13 trials: 11 finished, 1 pruned, 1 failed." in page
    assert "The test part was not scored" in page
    assert "Trial 4 failed: The training loss became nan." in page
    # All that the score is made of is one of the two values.
    assert re.search(r"\| model.dropout \| 0\.[89]\d \|", page)
    assert dict(matplotlib.rcParams) == before and not plt.get_fignums()


def test_a_failed_trial_does_not_end_the_study(
    study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fake(trial, study, console):
        if trial.number in failing:
            raise TrainingError("The training loss became nan.")
        trial.report(0.5, 1)
        return 0.5

    monkeypatch.setattr(tuning, "run_trial", fake)
    failing = {0}
    best = tune(study(), choices(*SMALL))
    assert best is not None and best.number == 1
    assert [row["state"] for row in rows(tmp_path / "tune-x")] == ["failed", "finished"]
    failing = {0, 1}
    config = study()
    config.study.folder = str(tmp_path / "all")
    assert tune(config, choices(*SMALL)) is None


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("MPS backend out of memory")])
def test_lack_of_memory_is_a_failure_of_the_trial_alone(
    study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fit(*_: object) -> None:
        raise error

    monkeypatch.setattr(trials_module, "fit", fit)
    assert tune(study("study.trials=1"), choices(*SMALL)) is None
    assert "Memory ran out" in rows(tmp_path / "tune-x")[0]["reason"]


def test_a_poor_trial_is_stopped_early(
    study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = WatchedScore._report

    def patched(self: WatchedScore, epoch: int, value: float) -> None:
        report(self, epoch, 0.9 if self.trial.number == 0 else 0.1)

    monkeypatch.setattr(WatchedScore, "_report", patched)
    more = ("trainer.max_epochs=3", "study.pruner.n_startup_trials=1")
    tune(study(*more, "study.pruner.n_warmup_steps=0"), choices(*SMALL))
    first, second = rows(tmp_path / "tune-x")
    assert (first["state"], first["epochs"]) == ("finished", "3")
    assert (second["state"], second["epochs"]) == ("pruned", "1")
    run = tmp_path / "tune-x" / second["run"]
    assert torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["epoch"] == 0
    assert json.loads((run / "run.json").read_text())["status"] == "pruned"


TYPED = (
    *("data=phantom", "data.phantom.patients_per_class=6", "trainer=cpu"),
    *("split=official", "split.validation_fraction=0.3"),
    *("model.width=16", "~search.model.width", "study.name=x", "study/pruner=none"),
)


def start(tmp_path: Path, module: str, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", f"brain_tumor.{module}", *words],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "BRAIN_TUMOR_DATA"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_a_killed_trial_goes_on_and_the_recipe_runs(tmp_path: Path) -> None:
    words = (*TYPED, "trainer.max_epochs=3", "study.trials=2")
    folder = tmp_path / "runs" / "custom" / "tune-x"
    killed = start(tmp_path, "tune", *words)
    assert killed.stdout is not None
    for line in killed.stdout:
        if line.startswith("epoch   1"):
            while not (folder / "0-gbmnet" / "checkpoints" / "last.ckpt").exists():
                time.sleep(0.05)
            killed.send_signal(signal.SIGKILL)
            break
    killed.wait(60)
    again = start(tmp_path, "tune", *words)
    said, _ = again.communicate(timeout=600)
    assert again.returncode == 0, said
    assert "continues after epoch 1" in said
    table = rows(folder)
    assert [row["state"] for row in table] == ["finished", "finished"]
    assert [row["run"] for row in table] == ["0-gbmnet", "1-gbmnet"]
    assert table[0]["epochs"] == "3"
    values = ("optimizer.lr", "model.dropout", "data.batch_size")

    recipe = ("--config-dir", str(folder.relative_to(tmp_path)), "experiment=best")
    trained = start(tmp_path, "train", *recipe, "trainer.max_epochs=1")
    said, _ = trained.communicate(timeout=600)
    assert trained.returncode == 0, said
    (run,) = (tmp_path / "runs" / "custom_tuned" / "gbmnet").iterdir()
    config = OmegaConf.load(run / "config.yaml")
    best = max(
        (row for row in table if row["state"] == "finished"),
        key=lambda row: (float(row["val/balanced_accuracy"]), -int(row["number"])),
    )
    for key in values:
        assert OmegaConf.select(config, key) == json.loads(best[key])


@pytest.mark.slow
def test_two_processes_share_a_study(tmp_path: Path) -> None:
    words = (*TYPED, "trainer.max_epochs=1", "study.trials=4", "+trainer.limit_train_batches=2")
    both = [start(tmp_path, "tune", *words) for _ in range(2)]
    for process in both:
        said, _ = process.communicate(timeout=600)
        assert process.returncode == 0, said
    table = rows(tmp_path / "runs" / "custom" / "tune-x")
    assert [row["state"] for row in table] == ["finished"] * 4
    assert len({row["run"] for row in table}) == 4
    assert len({row["optimizer.lr"] for row in table}) == 4


def test_a_study_that_another_process_holds_is_not_called_damaged(
    study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tune-x").mkdir()
    monkeypatch.setattr("brain_tumor.tune.study._WAIT", 0.1)
    with contextlib.closing(sqlite3.connect(tmp_path / "tune-x" / "study.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DataError, match=r"study\.db is locked by another process: wait"):
            tune(study(), choices())
