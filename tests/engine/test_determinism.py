import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from brain_tumor.engine.determinism import CUBLAS, check_deterministic, kept_determinism
from brain_tumor.errors import ConfigError
from brain_tumor.train.train import train

SMALL = ("trainer.max_epochs=1", "data.batch_size=16", "evaluation.resamples=100")
SMALL += ("evaluation.figures=false", "logger=none")
MODELS = {
    "gbmnet": ("model=gbmnet", "model.width=16"),
    "mobilenetv2": ("model=mobilenetv2", "model.weights=none", "model.input_size=64"),
}


def weights(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("augment", ["report", "mri", "none"])
def test_a_cpu_trains_deterministically(compose, tmp_path: Path, model: str, augment: str) -> None:
    ask = ("trainer.deterministic=true", "debug=fast", f"augment={augment}")
    train(compose(*SMALL, *MODELS[model], *ask))
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["status"] == "fast_dev_run"
    assert record["deterministic"] == {"asked": True, "device_honours": True}


def test_on_a_cpu_a_run_is_deterministic_without_being_asked(compose, tmp_path: Path) -> None:
    asked = (("a", "true"), ("b", "false"))
    for name, value in asked:
        folder = f"run_folder={tmp_path / name}"
        train(compose(*SMALL, *MODELS["gbmnet"], folder, f"trainer.deterministic={value}"))
    first, second = (weights(tmp_path / name) for name, _ in asked)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_torch_is_told_while_a_run_lasts_and_not_after(
    compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CUBLAS, raising=False)
    during = []

    def look(*_: object) -> dict[str, torch.Tensor]:
        during.append((torch.are_deterministic_algorithms_enabled(), os.environ.get(CUBLAS)))
        raise RuntimeError("seen")

    monkeypatch.setattr("brain_tumor.models.classifier.TumorClassifier.training_step", look)
    with pytest.raises(RuntimeError, match="seen"):
        train(compose(*SMALL, *MODELS["gbmnet"], "trainer.deterministic=true"))
    # cuBLAS reads its setting at its first call, which is after this.
    assert during == [(True, ":4096:8")]
    assert not torch.are_deterministic_algorithms_enabled()
    assert CUBLAS not in os.environ


def test_what_was_set_before_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CUBLAS, ":16:8")
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)
        with kept_determinism():
            torch.use_deterministic_algorithms(False)
            torch.backends.cudnn.benchmark = False
            os.environ[CUBLAS] = ":4096:8"
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        assert torch.backends.cudnn.benchmark
        assert os.environ[CUBLAS] == ":16:8"
    finally:
        torch.use_deterministic_algorithms(False)


def on(device: str):
    return SimpleNamespace(strategy=SimpleNamespace(root_device=torch.device(device)))


@pytest.mark.parametrize(
    ("device", "value"), [("cpu", True), ("cuda", True), ("mps", False), ("mps", "warn")]
)
def test_what_a_device_can_do_is_let_through(device: str, value: bool | str) -> None:
    check_deterministic(value, on(device))


def test_mps_is_refused_with_two_ways_on() -> None:
    with pytest.raises(ConfigError, match=r"MPS.*trainer=cpu.*deterministic=warn"):
        check_deterministic(True, on("mps"))


@pytest.mark.parametrize("value", ["yes", 1, 0.0])
def test_another_value_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="true, false or warn"):
        check_deterministic(value, on("cpu"))


def test_torch_lists_max_pooling_for_mps() -> None:
    listed = torch.use_deterministic_algorithms.__doc__ or ""
    if "MPS" not in listed:
        pytest.skip("this torch says nothing of MPS")
    about_mps = [part for part in listed.split("*") if "MPS" in part]
    assert any("MaxPool2d" in part for part in about_mps)
