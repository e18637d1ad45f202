"""Sweeps through the command's own main, in this process: `python -m brain_tumor.train -m ...`."""

import csv
import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from lightning.pytorch import Callback, Trainer
from omegaconf import DictConfig
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.api_pb2 import Status
from tensorboard.plugins.hparams.metadata import SESSION_END_INFO_TAG
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from brain_tumor.cli.command import command
from brain_tumor.cli.sweep.record import NotedSweep, read_jobs
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.engine.interrupt import Terminated
from brain_tumor.errors import ConfigError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.train import fit as training
from brain_tumor.train.sweep_job import train_here

Typed = Callable[..., tuple[int, Path]]
Task = Callable[[DictConfig], None]


@pytest.fixture
def typed(
    phantom_root: Path, prepared: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Typed]:
    """Run a task as a sweep on the session's phantoms; give exit status and the sweep's folder."""
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    small = [
        *("data.source=folder", f"data.root={phantom_root}", "data.name=phantom"),
        *(f"data.prepared={prepared.folder.parent}", f"runs={tmp_path / 'runs'}"),
        *(f"data.patients={phantom_root / 'phantoms.csv'}", "trainer=cpu", "model.width=16"),
        *("trainer.max_epochs=2", "optimizer.lr=1e-3", "data.batch_size=16", "threads=1"),
        *("evaluation.resamples=100", "evaluation.figures=false", "keep_freed_memory=false"),
        *("split=official", "split.validation_fraction=0.3"),
    ]

    def run(task: Task, *words: str) -> tuple[int, Path]:
        swept = {word.partition("=")[0] for word in words}
        ours = [word for word in small if word.partition("=")[0] not in swept]
        monkeypatch.setattr(sys, "argv", ["train.py", *ours, "-m", *words])
        monkeypatch.setattr(NotedSweep, "folder", None)
        threads = torch.get_num_threads()
        status = 0
        try:
            command("train")(task)()
        except SystemExit as ended:
            status = int(str(ended.code))
        finally:
            GlobalHydra.instance().clear()
            torch.set_num_threads(threads)
        assert NotedSweep.folder is not None
        return status, NotedSweep.folder

    yield run
    signal.signal(signal.SIGTERM, handler)


def rows(sweep: Path) -> list[dict[str, str]]:
    with (sweep / "sweep.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def fail_where_seed_is_odd(config: DictConfig) -> None:
    if config.seed == 1:
        raise ConfigError("seed is 1: give another.")
    if config.seed == 3:
        raise TypeError("unexpected")


def test_a_failing_job_neither_stops_nor_hides_the_others(
    typed: Typed, capsys: pytest.CaptureFixture
) -> None:
    status, sweep = typed(fail_where_seed_is_odd, "seed=0,1,2,3,4")
    shown = capsys.readouterr()
    assert status == 1
    assert [job.status for job in read_jobs(sweep)] == [
        *("finished", "failed", "finished", "failed", "finished")
    ]
    assert "brain_tumor: job 1: seed is 1: give another.\n" in shown.err
    assert "brain_tumor: job 3: TypeError: unexpected\n" in shown.err
    assert shown.err.count("Traceback") == 1
    assert "job 1 failed: seed is 1: give another." in shown.out
    assert [row["seed"] for row in rows(sweep)] == ["0", "1", "2", "3", "4"]
    assert rows(sweep)[1]["reason"] == "seed is 1: give another."
    text = (sweep / "sweep.md").read_text()
    assert "seed is 1: give another." in text
    assert typed(fail_where_seed_is_odd, "seed=0,2")[0] == 0


@pytest.mark.parametrize(
    ("error", "wanted"), [(KeyboardInterrupt(), 130), (Terminated(), 143), (SystemExit(7), 7)]
)
def test_what_interrupts_a_job_ends_the_sweep(
    typed: Typed, error: BaseException, wanted: int
) -> None:
    def interrupted(config: DictConfig) -> None:
        if config.seed == 1:
            raise error

    status, sweep = typed(interrupted, "seed=0,1,2")
    assert status == wanted
    assert [row["status"] for row in rows(sweep)] == ["finished", "interrupted"]


def test_a_refused_command_line_leaves_no_sweep(
    typed: Typed, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    status, _ = typed(fail_where_seed_is_odd, "modle=gbmnet,mobilenetv2")
    assert status != 0
    assert "modle" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_several_processes_are_refused_once_for_the_whole_sweep(
    typed: Typed, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    def never(config: DictConfig) -> None:
        pytest.fail("a job began")

    status, _ = typed(never, "seed=0,1", "trainer=ddp")
    assert status == 2
    assert capsys.readouterr().err.count("leave -m out") == 1
    assert not (tmp_path / "runs").exists()


class StopInEpoch(Callback):
    """Raises in the second epoch of the wide network alone."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def on_train_epoch_start(self, trainer: Trainer, pl_module: object) -> None:
        wide = trainer.lightning_module.network.head[1].out_features == 24
        if wide and trainer.current_epoch == 1:
            raise self.error


def with_stop(error: BaseException) -> Callable[..., Trainer]:
    build = training.build_trainer

    def built(*arguments: object) -> Trainer:
        trainer = build(*arguments)
        trainer.callbacks.insert(0, StopInEpoch(error))
        return trainer

    return built


def end_of_session(run: Path) -> int:
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    content = events.SummaryMetadata(SESSION_END_INFO_TAG).plugin_data.content
    return HParamsPluginData.FromString(content).session_end_info.status


@pytest.mark.slow
def test_finished_jobs_are_skipped_and_failed_ones_repeated(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(training, "build_trainer", with_stop(ValueError("stopped")))
        status, first = typed(train_here, "model.width=16,24")
    assert status == 1
    done, broken = rows(first)
    assert (done["status"], broken["status"]) == ("finished", "failed")
    assert broken["reason"] == "ValueError: stopped"
    assert end_of_session(first / "0-gbmnet") == Status.Value("STATUS_SUCCESS")
    assert end_of_session(first / "1-gbmnet") == Status.Value("STATUS_FAILURE")
    for part, found in METRICS.read(RunFolder(first / "0-gbmnet")).parts.items():
        for name in ("accuracy", "balanced_accuracy", "macro_f1"):
            assert float(done[f"{part}_{name}"]) == found.value(name)
        loss = found.confidence.probabilities.scores["nll"]
        assert float(done[f"{part}_loss"]) == loss.value
    record = json.loads((first / "0-gbmnet" / "run.json").read_text())
    assert float(done["seconds"]) == record["seconds"]
    capsys.readouterr()

    status, second = typed(train_here, "model.width=16,24")
    shown = capsys.readouterr().out
    assert status == 0
    assert f"job 0 was finished before, in {first / '0-gbmnet'}: skipped." in shown
    assert not (second / "0-gbmnet").exists()
    again, repeated = rows(second)
    assert again == {**done, "status": "skipped", "won": again["won"]}
    assert repeated["status"] == "finished"
    assert Path(repeated["folder"]).resolve() == second / "1-gbmnet"
    assert {path.suffix for path in second.glob("sweep.*")} == {".csv", ".md", ".png", ".svg"}

    status, third = typed(train_here, "skip_finished=false", "model.width=16")
    assert status == 0
    assert rows(third)[0]["status"] == "finished"
    # Trained anew, to the same numbers.
    anew, before = third / "0-gbmnet" / "metrics.json", first / "0-gbmnet" / "metrics.json"
    assert anew.read_bytes() == before.read_bytes()


@pytest.mark.slow
def test_an_interrupted_job_goes_on_in_its_own_folder_to_the_same_result(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(training, "build_trainer", with_stop(KeyboardInterrupt()))
        status, first = typed(train_here, "model.width=24", "seed=5")
    assert status == 130
    status, second = typed(train_here, "model.width=24", "seed=5")
    assert status == 0
    run = first / "0-gbmnet"
    (job,) = rows(second)
    assert job["status"] == "finished"
    assert Path(job["folder"]).resolve() == run
    assert not (second / "0-gbmnet").exists()
    assert json.loads((run / "run.json").read_text())["resumed"][0]["after_epoch"] == 1
    _, whole = typed(train_here, "model.width=24", "seed=5", "skip_finished=false")
    anew = whole / "0-gbmnet"
    assert (run / "metrics.json").read_bytes() == (anew / "metrics.json").read_bytes()
    assert (run / "predictions.csv").read_bytes() == (anew / "predictions.csv").read_bytes()
