"""The main job, without Hydra's command line: compose, train, evaluate."""

import json
from pathlib import Path

import hydra
import pytest
import torch
from same_run import history
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from brain_tumor.cli.command import conf_folder
from brain_tumor.config import source
from brain_tumor.config.data_settings import data_settings
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.errors import BrainTumorError, ConfigError, DataError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from brain_tumor.train.train import train

EXPERIMENTS = sorted(p.stem for p in (conf_folder() / "experiment").glob("*.yaml"))
GROUPS = [
    *("augment", "training", "loss", "optimizer", "scheduler", "callbacks", "logger", "trainer"),
    "split",
]
SMALL = (
    "model.width=16",
    "trainer.max_epochs=2",
    "optimizer.lr=1e-3",
    "data.batch_size=16",
    "scheduler=cosine",
    "evaluation.resamples=100",
    "evaluation.figures=false",
)


def weights(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


@pytest.fixture
def run(compose, tmp_path: Path) -> Path:
    train(compose(*SMALL))
    return tmp_path / "run"


def test_a_run_leaves_what_it_promises(capsys: pytest.CaptureFixture, run: Path) -> None:
    assert {path.name for path in run.iterdir() if not path.name.startswith(".")} == {
        "MODEL_CARD.md",
        "checkpoints",
        "checksums.json",
        "complexity.json",
        "config.yaml",
        "figures",
        "metrics.csv",
        "metrics.json",
        "predictions.csv",
        "run.json",
        "split.csv",
        "tensorboard",
        "ood.json",
        "ood.npz",
    }
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["last.ckpt"]
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["epochs"] == 2
    assert record["device"] == "CPU"
    assert len(record["data"]["fingerprint"]) == 64
    shown = capsys.readouterr().out
    assert "epoch   1/2 | train loss" in shown
    assert "python -m brain_tumor.predict run=" in shown
    assert "python -m brain_tumor.evaluate run=" in shown
    assert "MODEL_CARD.md" in shown
    assert "of the test scans have a relative in training" in " ".join(shown.split())
    assert "says nothing about brains" in shown
    lines = shown.splitlines()
    assert len(lines) <= 40 - 8  # the demo has ten epochs
    assert all(len(line) <= 80 for line in lines if str(run.parents[1]) not in line)


def test_tensorboard_gets_curves_pictures_and_text(run: Path) -> None:
    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"tensors": 0, "images": 0})
    events.Reload()
    tags = events.Tags()
    for part in ("train", "test"):
        names = ["loss", "accuracy", "balanced_accuracy"]
        names += [f"f1/{c}" for c in ("glioma", "meningioma", "notumor", "pituitary")]
        for name in names:
            curve = events.Scalars(f"{part}/{name}")
            assert [point.step for point in curve] == [1, 2], name
        assert [point.step for point in events.Images(f"final/{part}/confusion")] == [2]
    assert [point.step for point in events.Images("test/confusion")] == [1, 2]
    assert [point.step for point in events.Tensors("test/pr/glioma")] == [1, 2]
    rates = [point.value for point in events.Scalars("train/lr")]
    assert rates == pytest.approx([1e-3, 5e-4])  # a cosine over two epochs
    assert "train/augmented" in tags["images"]
    assert any(tag.startswith("config") for tag in tags["tensors"])
    final = events.Scalars("final/test/accuracy")[-1].value
    scores = METRICS.read(RunFolder(run)).parts["test"]
    assert final == pytest.approx(scores.value("accuracy"))
    # The last point of the curve is the scored checkpoint: the same scans, the same weights.
    assert events.Scalars("test/accuracy")[-1].value == pytest.approx(final)


def test_a_run_needs_no_logger(compose, tmp_path: Path) -> None:
    scores = train(compose(*SMALL, "logger=none", "trainer.max_epochs=1"))
    assert set(scores.parts) == {"train", "test"}
    assert len(history(tmp_path / "run")) == 1
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_the_same_seed_gives_the_same_run(compose, tmp_path: Path) -> None:
    runs = [tmp_path / name for name in ("a", "b", "c")]
    for path, seed in zip(runs, (5, 5, 6), strict=True):
        torch.rand(3)  # whatever happened before
        train(compose(*SMALL, f"run_folder={path}", f"seed={seed}"))
    assert history(runs[0]) == history(runs[1]) != history(runs[2])
    first, second, third = (weights(path) for path in runs)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not all(torch.equal(first[key], third[key]) for key in first)


def test_threads_are_those_of_one_run(compose) -> None:
    before = torch.get_num_threads()
    train(compose(*SMALL, f"threads={before + 1}", "trainer.max_epochs=1"))
    assert torch.get_num_threads() == before


def test_a_validation_part_selects_the_best_epoch(compose, tmp_path: Path) -> None:
    train(compose(*SMALL, "split=official", "split.validation_fraction=0.25"))
    run = tmp_path / "run"
    rows = history(run)
    assert "val/accuracy" in rows[0]
    assert not any(name.endswith("/test") for name in rows[0])
    assert {p.name for p in (run / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    scores = METRICS.read(RunFolder(run))
    assert scores.checkpoint == "best.ckpt"
    best = max(float(row["val/balanced_accuracy"]) for row in rows)
    assert scores.parts["validation"].value("balanced_accuracy") == pytest.approx(best)
    assert set(scores.parts) == {"train", "validation", "test"}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_holds_together(compose, tmp_path: Path, experiment: str) -> None:
    config = compose(f"experiment={experiment}", "debug=fast")
    assert config.name == experiment
    if "weights" in config.model:
        config.model.weights = "none"  # nothing is fetched in a test
    if config.split.name == "patient":
        config.split.validation_fraction = 0.35  # of few patients
    assert train(config) is None
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize("group", GROUPS)
def test_every_choice_of_a_group_holds_together(
    compose, prepared: PreparedSet, tmp_path: Path, group: str
) -> None:
    split_of_one_s_own = tmp_path / "split.csv"
    parts = [f"{row.path},{row.folder.replace('ing', '').lower()}" for row in prepared.kept]
    split_of_one_s_own.write_text("\n".join(["path,part", *parts]), encoding="utf-8")
    for path in sorted((conf_folder() / group).glob("*.yaml")):
        if path.stem in {"mps", "gpu", "ddp", "source"}:
            # No such device in a test; ddp would start the test's own command line again; there is
            # one set alone.
            continue
        own = f"run_folder={tmp_path / path.stem}"
        overrides = ["debug=fast", "model.width=16", f"{group}={path.stem}", own]
        if path.stem == "file":
            # Testing shares patients with Training.
            overrides += [f"split.path={split_of_one_s_own}", "split.leaky=true"]
        if path.stem == "patient":
            overrides.append("split.validation_fraction=0.35")  # of few patients
        config = compose(*overrides)
        assert train(config) is None, path


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("seed=-1", "seed"),
        ("seed=abc", "seed"),
        ("data.batch_size=0", "data.batch_size"),
        ("data.source=web", "data.source"),
        ("data.root=/nowhere/at/all", "/nowhere/at/all"),
        ("data.crop.threshold=dark", "data.crop.threshold"),
        ("+data.crop.margin=3", "data.crop"),
        ("+split.folds=3", "split"),
        ("split.seed=abc", "split"),
        ("data.crop.size=128", "data.crop.size"),
        ("model.width=0", "model.width"),
        ("split.test_fraction=2", "split.test_fraction"),
        ("augment.blur_kernel=2", "augment.blur_kernel"),
        ("optimizer.lr=fast", "optimizer"),
        ("scheduler=cosine scheduler.T_max=0", "scheduler"),
        ("model=mobilenetv2 model.input_mean=0.5", "model.input_mean"),
        ("model=mobilenetv2 model.input_std=[a,b,c]", "model.input_std"),
        ("augment.blur_kernel=999", "augment"),
        ("augment.blur_kernel=5.0", "augment.blur_kernel"),
        ("data.root=null", "data.root"),
        ("split=official +split.test_fraction=0.4", "split.test_fraction"),
        ("trainer.devices=2", "trainer.devices"),
        ("callbacks.last=null", "callbacks.last"),
        ("run_folder=/dev/null/run", "/dev/null/run"),
        ("optimizer._target_=os.system", "os.system"),
        ("trainer.accelerator=abacus", "trainer"),
        ("trainer.max_epochs=many", "trainer"),
    ],
)
def test_a_wrong_value_is_named_before_anything_runs(
    compose, tmp_path: Path, override: str, named: str
) -> None:
    with pytest.raises(BrainTumorError, match=named) as caught:
        train(compose(*override.split()))
    assert "\n" not in str(caught.value).strip()
    assert not (tmp_path / "run").exists()


def test_a_callback_that_monitors_nothing_is_named(compose, tmp_path: Path) -> None:
    wrong = ("split=official", "split.validation_fraction=0.25", "callbacks.best.monitor=x/loss")
    with pytest.raises(ConfigError, match=r"callbacks\.best\.monitor is x/loss"):
        train(compose(*SMALL, *wrong))
    assert not (tmp_path / "run").exists()


def test_a_run_is_never_overwritten(compose, run: Path) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(DataError, match="holds an earlier result"):
        train(compose(*SMALL, "seed=1"))
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def test_the_last_epoch_is_kept_and_listed_when_not_every_epoch_is_scored(
    compose, tmp_path: Path
) -> None:
    train(compose(*SMALL, "trainer.max_epochs=3", "+trainer.check_val_every_n_epoch=2"))
    run = tmp_path / "run"
    assert torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["epoch"] == 2
    rows = history(run)
    assert [bool(row["test/accuracy"]) for row in rows] == [False, True, False]
    assert all(0 <= float(row["train/accuracy"]) <= 1 for row in rows)


def test_every_number_of_the_report_stands_in_the_configuration(compose) -> None:
    for name in ("gbmnet", "mobilenetv2"):
        config = compose(f"experiment=report_{name}")
        assert config.trainer.max_epochs == 200
        assert config.optimizer.lr == 1e-5
        assert config.data.batch_size == 32
        assert config.data.crop.size == 256
        assert config.split.test_fraction == 0.25
        assert config.augment.rotation_degrees == 30
        assert config.augment.crop_area == [0.9, 1.0]
        assert config.model.dropout == {"gbmnet": 0.3, "mobilenetv2": 0.5}[name]
        assert config.model.width == {"gbmnet": 512, "mobilenetv2": 64}[name]


def test_phantom_settings_can_be_changed() -> None:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        changed = hydra.compose("prepare", ["data=phantom", "data.phantom.patients_per_class=3"])
        default = hydra.compose("prepare", ["data=phantom"])
    # A folder each: nothing has to be deleted to try another setting.
    assert changed.data.root != default.data.root


def test_a_variable_that_is_set_to_nothing_counts_as_not_set(
    compose, phantom_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(source, "fetch_scans", lambda known: asked.append(known) or phantom_root)
    config = compose("data.source=kaggle", "data.root=''")
    assert source.build_source(data_settings(config.data)).root == phantom_root
    assert asked[0].version == 1


def test_weights_for_gbmnet_are_refused(compose) -> None:
    with pytest.raises(ConfigError, match=r"model\.weights"):
        train(compose("+model.weights=imagenet"))
