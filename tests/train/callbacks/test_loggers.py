"""What loggers other than TensorBoard's are told, and that they keep to this machine."""

import csv
import shutil
import sqlite3
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from omegaconf import OmegaConf
from test_connections import SMALL as TRACED
from test_connections import STRACE, traced

from brain_tumor.errors import ConfigError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.train.callbacks.loggers import build_loggers, log_outcome, viewers
from brain_tumor.train.train import train

SMALL = ("model.width=16", "trainer.max_epochs=1", "data.batch_size=16")
SMALL += ("evaluation.resamples=100", "evaluation.figures=false")


class Own(Logger):
    name, version = "own", ""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, object] = {}

    def log_hyperparams(self, params) -> None:
        self.told |= params

    def log_metrics(self, metrics, step=None) -> None:
        self.told |= {name: (step, value) for name, value in metrics.items()}


class Showing(Own):
    def log_image(self, key, images) -> None:
        self.told[key] = images


def test_csv_beside_tensorboard_has_curves_values_and_final_scores(compose, tmp_path: Path) -> None:
    train(compose(*SMALL, "logger=[tensorboard,csv]", "name=mine"))
    run = tmp_path / "run"
    assert list((run / "tensorboard").glob("events.*"))
    folder = run / "csv" / "version_0"
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    test = METRICS.read(RunFolder(run)).parts["test"]
    final = [row["final/test/accuracy"] for row in rows if row["final/test/accuracy"]]
    assert [float(value) for value in final] == [pytest.approx(test.value("accuracy"))]
    with (run / "metrics.csv").open(newline="") as file:
        (own,) = csv.DictReader(file)
    for name in ("train/loss", "test/balanced_accuracy", "train/lr"):
        (value,) = [row[name] for row in rows if row[name]]
        assert float(value) == pytest.approx(float(own[name]))
    values = OmegaConf.load(folder / "hparams.yaml")
    assert values["name"] == "mine" and values["model.width"] == 16


def test_pictures_go_where_they_can(tmp_path: Path) -> None:
    part = {"accuracy": 0.5, "balanced_accuracy": None, "macro_f1": 0.25}
    figure, plain, showing = plt.figure(), Own(), Showing()
    log_outcome([plain, showing], {"validation": part}, {"validation": figure}, epochs=7)
    expected = {"final/val/accuracy": (7, 0.5), "final/val/macro_f1": (7, 0.25)}
    assert plain.told == expected
    assert showing.told == expected | {"final/val/confusion": [figure]}
    plt.close(figure)


def test_who_shows_the_curves_is_named(tmp_path: Path) -> None:
    run = tmp_path / "a" / "run"
    assert viewers([CSVLogger(tmp_path)], run) == [str(run / "metrics.csv")]
    found = viewers([CSVLogger(tmp_path), TensorBoardLogger(tmp_path)], run)
    assert found == [f"tensorboard --logdir {tmp_path / 'a'}"]


def test_a_logger_that_is_null_is_left_out(compose) -> None:
    assert build_loggers(compose("logger.tensorboard=null")) == []


def test_a_database_that_cannot_be_made_is_one_sentence(compose, tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    (tmp_path / "file").write_text("")
    where = f"logger.mlflow.tracking_uri=sqlite:///{tmp_path}/file/mlflow.db"
    with pytest.raises(ConfigError, match=r"logger\.mlflow\.tracking_uri cannot be made"):
        build_loggers(compose("logger=mlflow", where))


@pytest.mark.slow
@pytest.mark.skipif(STRACE is None, reason="no strace")
def test_wandb_and_mlflow_get_a_sweep_and_connect_to_nobody(
    phantom_root: Path, prepared, tmp_path: Path
) -> None:
    pytest.importorskip("wandb")
    pytest.importorskip("mlflow")
    words = [sys.executable, "-m", "brain_tumor.train", "-m", "name=mine", "seed=0,1"]
    words += ["data=phantom", "data.source=folder", f"data.root={phantom_root}"]
    words += [f"data.prepared={prepared.folder.parent}"]
    words += [f"data.patients={phantom_root}/phantoms.csv"]
    words += [word for word in TRACED if not word.startswith("logger")]
    words += ["logger=[wandb,mlflow]", "logger.wandb.tags=[small]", "+logger.mlflow.tags.by=me"]
    ended = traced(tmp_path, words)
    assert ended.asked == []
    assert "wandb sync" in ended.said and "mlflow ui" in ended.said, ended.said
    (sweep,) = (tmp_path / "runs" / "mine").glob("sweep-*")
    for job in ("0-gbmnet", "1-gbmnet"):
        (offline,) = (sweep / job / "wandb").glob("offline-run-*")
        (record,) = offline.glob("*.wandb")
        assert offline.name.endswith(f"{sweep.name}-{job}")
        content = record.read_bytes()
        for told in (sweep.name.encode(), b"small", b"brain-tumor", b"val/balanced_accuracy"):
            assert told in content, told
        assert list(offline.rglob("*confusion*.png"))
    database = sqlite3.connect(tmp_path / "runs" / "mlflow.db")
    tags = database.execute("select key, value from tags where key in ('group', 'by')").fetchall()
    assert sorted(tags) == sorted([("by", "me"), ("group", sweep.name)] * 2)
    names = {name for (name,) in database.execute("select distinct key from metrics")}
    assert {"train/loss", "val/balanced_accuracy", "train/lr", "final/test/accuracy"} <= names
    states = {state for (state,) in database.execute("select status from runs")}
    assert states == {"FINISHED"}
    database.close()
    assert list((tmp_path / "runs" / "mlflow").rglob("confusion.png"))
    shutil.rmtree(tmp_path / "runs")
