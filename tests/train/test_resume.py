"""A run that was stopped goes on to the same result, to the bit; what was changed is refused."""

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import hydra
import pytest
import torch
from filelock import FileLock
from lightning.pytorch import Callback, Trainer
from omegaconf import OmegaConf
from same_run import assert_same, curves, history, state

from brain_tumor.cli.command import conf_folder
from brain_tumor.errors import ConfigError, DataError, TrainingError
from brain_tumor.runs.atomic_file import HALF
from brain_tumor.runs.folder import RunFolder
from brain_tumor.train import fit as training
from brain_tumor.train import resume as resuming
from brain_tumor.train import score as scoring
from brain_tumor.train.train import train

SMALL = (
    "model.width=16",
    "trainer.max_epochs=4",
    "optimizer.lr=1e-3",
    "data.batch_size=16",
    "scheduler=cosine",
    "split=official",
    "split.validation_fraction=0.3",
    "evaluation.resamples=100",
    "evaluation.figures=false",
)

# What a fine-tuning has beside: averaged weights, a schedule by batches, rates of its own.
FINE = (
    "model=mobilenetv2",
    "model.weights=none",
    "model.unfreeze=2",
    "model.input_size=32",
    "model.width=8",
    "training=finetune",
    "optimizer=adamw",
    "scheduler=warmup_cosine",
    "callbacks=finetune",
    *(word for word in SMALL if not word.startswith(("model", "optimizer", "scheduler"))),
)


class Stop(Callback):
    """Raises in a hook of an epoch."""

    def __init__(self, hook: str, epoch: int, error: BaseException) -> None:
        def stop(trainer: Trainer, *_: object, **__: object) -> None:
            if trainer.current_epoch == epoch:
                raise error

        setattr(self, hook, stop)


@pytest.fixture
def stopped(compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Train until a callback raises; give the run's folder."""

    def until(
        hook: str,
        epoch: int,
        error: BaseException | None = None,
        *more: str,
        base: Sequence[str] = SMALL,
    ) -> Path:
        error = error or RuntimeError("stopped")
        build = training.build_trainer

        def with_stop(*args: object) -> Trainer:
            trainer = build(*args)
            trainer.callbacks.insert(0, Stop(hook, epoch, error))
            return trainer

        with monkeypatch.context() as patch, pytest.raises((type(error), KeyboardInterrupt)):
            patch.setattr(training, "build_trainer", with_stop)
            train(compose(*base, *more))
        return tmp_path / "run"

    return until


@pytest.fixture(scope="module")
def whole(compose_in, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("whole") / "run"
    train(compose_in(run, *SMALL))
    return run


@pytest.mark.parametrize(
    ("hook", "epoch"),
    [
        ("on_train_batch_end", 2),
        ("on_save_checkpoint", 1),
        pytest.param("on_train_batch_end", 0, marks=pytest.mark.slow),
        pytest.param("on_validation_batch_end", 1, marks=pytest.mark.slow),
        pytest.param("on_train_epoch_end", 1, marks=pytest.mark.slow),
        pytest.param("on_train_epoch_start", 3, marks=pytest.mark.slow),
        pytest.param("on_fit_end", 4, marks=pytest.mark.slow),
    ],
)
def test_a_stopped_run_goes_on_as_if_nothing_had_been(
    stopped, compose, whole: Path, hook: str, epoch: int
) -> None:
    run = stopped(hook, epoch)
    assert json.loads((run / "run.json").read_text())["status"] == "failed"
    half = run / "checkpoints" / f".last.ckpt-1{HALF}"
    half.parent.mkdir(exist_ok=True)  # stopped in the first epoch it has none
    half.write_bytes(b"of a process that was killed while it wrote")
    train(compose(f"resume={run}"))
    assert_same(run, whole)
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "finished"
    assert [once["after_epoch"] for once in record["resumed"]] == [min(epoch, 4)]
    assert [p.name for p in sorted((run / "checkpoints").iterdir())] == ["best.ckpt", "last.ckpt"]


@pytest.mark.slow
@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_train_epoch_start"])
def test_a_stopped_fine_tuning_goes_on_as_if_nothing_had_been(
    stopped, compose, compose_in, tmp_path: Path, hook: str
) -> None:
    whole = tmp_path / "whole"
    train(compose_in(whole, *FINE))
    run = stopped(hook, 2, base=FINE)
    train(compose(f"resume={run}"))
    assert_same(run, whole)
    mine, theirs = (state(folder)["current_model_state"] for folder in (run, whole))
    assert all(torch.equal(mine[key], value) for key, value in theirs.items())
    averaged = state(run)["state_dict"]
    assert any(not torch.equal(averaged[key], value) for key, value in mine.items())


def test_a_truncated_checkpoint_falls_back(
    stopped, compose, whole: Path, capsys: pytest.CaptureFixture
) -> None:
    run = stopped("on_train_epoch_start", 3)
    last = run / "checkpoints" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:-5000])
    train(compose(f"resume={run}"))
    shown = capsys.readouterr().out
    assert "last.ckpt is damaged" in shown
    assert "continues after epoch 2" in shown
    assert_same(run, whole)


def test_a_moved_run_goes_on_where_it_is(stopped, compose, whole: Path, tmp_path: Path) -> None:
    run = stopped("on_train_epoch_start", 3)
    moved = tmp_path / "elsewhere"
    run.rename(moved)
    train(compose(f"resume={moved}"))
    assert_same(moved, whole)
    assert not run.exists()


def test_a_finished_run_has_nothing_to_go_on_with(
    compose, whole: Path, capsys: pytest.CaptureFixture
) -> None:
    before = {p: p.stat().st_mtime_ns for p in whole.rglob("*") if p.is_file()}
    scores = train(compose(f"resume={whole}"))
    assert "is finished" in capsys.readouterr().out
    assert set(scores.parts) == {"train", "validation", "test"}
    after = {p: p.stat().st_mtime_ns for p in whole.rglob("*") if p.is_file()}
    assert {p for p in after if after[p] != before.get(p)} <= {whole / ".lock"}


def test_a_changed_configuration_is_refused_key_by_key(stopped, compose) -> None:
    run = stopped("on_train_epoch_start", 2)
    config = run / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("blur_kernel: 5", "blur_kernel: 7", 1))
    assert config.read_text() != text
    with pytest.raises(ConfigError, match=r"blur_kernel was 5, now 7.*allow_changes=true"):
        train(compose(f"resume={run}"))
    config.write_text(text.replace("lr: 0.001", "lr: 0.002"))
    with pytest.raises(ConfigError, match=r"optimizer.lr was 0.001, now 0.002.*train a new run"):
        train(compose(f"resume={run}", "allow_changes=true"))
    config.write_text(text.replace("max_epochs: 4", "max_epochs: 3"))
    assert train(compose(f"resume={run}", "allow_changes=true"))
    assert len(history(run)) == 3


def test_the_command_line_may_change_what_the_checkpoint_does_not_hold(
    stopped, compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stopped("on_train_epoch_start", 2)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"overrides": list(SMALL)}))

    def typed(*more: str) -> None:
        monkeypatch.setattr(resuming, "given_overrides", lambda: [f"resume={run}", *more])
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            config = hydra.compose("train", [f"resume={run}", *more, "run_folder=unused"])
            config.resume = str(run)
            train(config)

    with pytest.raises(ConfigError, match=r"pictures.every was 1, now 2.*allow_changes=true"):
        typed("callbacks.pictures.every=2")
    # The schedule's own state would overrule the new length without a word.
    with pytest.raises(ConfigError, match=r"scheduler.T_max was 4, now 5.*train a new run"):
        typed("trainer.max_epochs=5", "allow_changes=true")
    typed("callbacks.pictures.every=2", "allow_changes=true")
    assert [step for step, _ in curves(run)["image val/confusion"]] == [1, 2, 4]


def test_a_choice_of_a_folder_that_is_not_given_again_is_named(
    stopped, compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stopped("on_train_epoch_start", 2)
    record = json.loads((run / "run.json").read_text())
    begun = [*SMALL, "data=of_my_conf"]
    (run / "run.json").write_text(json.dumps(record | {"overrides": begun}))
    monkeypatch.setattr(resuming, "given_overrides", lambda: [f"resume={run}", "seed=1"])
    config = compose(f"resume={run}")
    with (
        hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"),
        pytest.raises(ConfigError, match=r"data/of_my_conf.*as --config-dir FOLDER"),
    ):
        train(config)


def test_two_processes_do_not_train_in_one_folder(stopped, compose) -> None:
    run = stopped("on_train_epoch_start", 2)
    with FileLock(run / ".lock"), pytest.raises(DataError, match="Another process is training"):
        train(compose(f"resume={run}"))


def test_what_is_no_run_is_not_resumed(compose, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no run folder"):
        train(compose(f"resume={tmp_path / 'nothing'}"))
    assert not (tmp_path / "nothing").exists()


@pytest.mark.slow
def test_a_disk_that_takes_no_checkpoint_leaves_the_one_before(
    stopped, compose, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stopped("on_train_epoch_start", 2)
    kept = state(run)["epoch"]
    save = torch.save

    def full(content: object, file: object, *args: object) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(TrainingError, match=r"No space left.*resume="):
            train(compose(f"resume={run}"))
    assert torch.save is save
    assert state(run)["epoch"] == kept
    assert not list((run / "checkpoints").glob(".*"))
    train(compose(f"resume={run}"))
    assert_same(run, whole)


@pytest.mark.slow
def test_a_lost_event_file_is_written_again(stopped, compose, whole: Path) -> None:
    run = stopped("on_train_epoch_start", 3)
    for file in (run / "tensorboard").glob("events*"):
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 3])  # killed before the rest was on disk
    train(compose(f"resume={run}"))
    scalars = {k: v for k, v in curves(whole).items() if not k.startswith(("image", "tensor"))}
    mine = curves(run)
    assert {name: mine[name] for name in scalars} == scalars


def test_no_run_is_resumed_from_a_folder_that_lost_its_scans(stopped, compose) -> None:
    run = stopped("on_train_epoch_start", 2)
    record = json.loads((run / "run.json").read_text())
    record["data"]["fingerprint"] = "0" * 64
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(DataError, match="is not the prepared set"):
        train(compose(f"resume={run}"))
    shutil.rmtree(run)


@pytest.mark.slow
def test_a_balanced_sampler_and_worker_processes_resume_to_the_same(
    stopped, compose_in, compose, tmp_path: Path
) -> None:
    more = ("data.sampler=balanced", "data.num_workers=2", "loss=focal", "augment=trivialaugment")
    train(compose_in(tmp_path / "whole", *SMALL, *more))
    run = stopped("on_train_batch_end", 2, None, *more)
    train(compose(f"resume={run}"))
    assert_same(run, tmp_path / "whole")


def test_mlflows_database_beside_the_runs_is_no_way_out(tmp_path: Path) -> None:
    def check(place: str) -> None:
        logger = {"mlflow": {"tracking_uri": f"sqlite:///{place}/mlflow.db"}}
        saved = OmegaConf.create({"logger": logger, "trainer": {}, "callbacks": {}})
        resuming._check_places(saved, RunFolder(tmp_path), (), "runs")

    check("runs")
    with pytest.raises(ConfigError, match="leads out of its folder"):
        check("/etc")


def test_a_place_is_found_at_any_depth(tmp_path: Path) -> None:
    for value in ("/etc", ["/etc"], {"class": ["/etc"]}, {"class": {"a": [{"b": "/etc"}]}}):
        saved = OmegaConf.create({"logger": {}, "trainer": {}, "callbacks": {"mine": value}})
        with pytest.raises(ConfigError, match="leads out of its folder"):
            resuming._check_places(saved, RunFolder(tmp_path), (), "runs")


def test_a_run_of_before_losses_could_be_chosen_goes_on_by_cross_entropy(
    stopped, compose, whole: Path
) -> None:
    run = stopped("on_train_batch_end", 2)
    saved = OmegaConf.load(run / "config.yaml")
    checkpoint = run / "checkpoints" / "last.ckpt"
    content = torch.load(checkpoint, weights_only=True)
    for config in (saved, content[resuming.CONFIG]):
        del config["loss"], config["augment"]["per_batch"], config["data"]["sampler"]
    OmegaConf.save(saved, run / "config.yaml")
    torch.save(content, checkpoint)
    train(compose(f"resume={run}"))
    assert_same(run, whole)


STOPS = (
    "+callbacks.stop._target_=lightning.pytorch.callbacks.EarlyStopping",
    *("+callbacks.stop.monitor=val/balanced_accuracy", "+callbacks.stop.mode=max"),
    "+callbacks.stop.stopping_threshold=0.0",  # after the first epoch
)


def test_a_run_that_stopped_early_trains_no_further_epoch(
    compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"

    def killed(*args: object) -> None:
        raise RuntimeError("killed")

    for words in ([*SMALL, *STOPS], [f"resume={run}"]):  # the second is killed there, too
        with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
            patch.setattr(scoring, "evaluate_run", killed)
            train(compose(*words))
        assert len(history(run)) == 1
    before = state(run)["state_dict"]
    train(compose(f"resume={run}"))
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["epochs"], len(history(run))) == ("finished", 1, 1)
    after = state(run)["state_dict"]
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_a_run_that_was_finished_meanwhile_is_not_overwritten(
    compose, tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, prepare = tmp_path / "run", training._data

    def slowly(*args):
        shutil.copytree(whole, run)  # another training, into the same folder
        return prepare(*args)

    monkeypatch.setattr(training, "_data", slowly)
    with pytest.raises(DataError, match="holds an earlier result, which is not overwritten"):
        train(compose(*SMALL))
    files = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file()]
    assert all((run / path).read_bytes() == (whole / path).read_bytes() for path in files)


def test_a_closed_pipe_leaves_a_run_that_was_interrupted(
    compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*args: object) -> None:
        raise SystemExit(1)  # what rich makes of `| head -1`

    monkeypatch.setattr(training, "_print_data", closed)
    with pytest.raises(SystemExit):
        train(compose(*SMALL))
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "interrupted"


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX")
@pytest.mark.parametrize("key", ["run_folder", "resume"])
def test_a_folder_whose_name_is_no_text_is_named(compose, tmp_path: Path, key: str) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    config = compose(*SMALL)
    config[key] = name
    with pytest.raises(DataError, match=r"is not UTF-8, as TensorBoard needs it: rename it"):
        resuming.find_start(config, contextlib.ExitStack())
