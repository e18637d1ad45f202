"""What a CUDA card gives, beside a CPU. Left out where there is none."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import DictConfig
from same_run import assert_same
from torch import nn

from brain_tumor.data.datamodule import ScanDataModule, has_room
from brain_tumor.data.transforms.report import BatchAugment
from brain_tumor.engine.precision import keep_float32
from brain_tumor.models.registry import build_network
from brain_tumor.train.train import train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no card")

SMALL = ("trainer.accelerator=gpu", "trainer.max_epochs=2", "data.batch_size=16")
SMALL += ("split=official", "split.validation_fraction=0.25", "optimizer.lr=1e-3")
SMALL += ("evaluation.resamples=100", "evaluation.figures=false")
# The networks' own sizes: another one may get another kernel.
MODELS = {"gbmnet": (), "mobilenetv2": ("model.weights=none", "model.unfreeze=all")}


@pytest.mark.parametrize("model", MODELS)
def test_a_card_answers_as_a_cpu_does(datamodule: ScanDataModule, model: str) -> None:
    torch.manual_seed(0)
    network = build_network(4, model)
    images = torch.from_numpy(np.array(datamodule.prepared.images[:32])).unsqueeze(1)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0  # statistics of these scans, else all get the same answer
    with torch.no_grad():
        network.features.train()(network.preprocess(images))
        network.eval()
        cpu = network(images).softmax(dim=1)
        keep_float32()
        card = network.cuda()(images.cuda()).softmax(dim=1).cpu()
    assert np.ptp(cpu.numpy(), axis=0).max() > 1e-2  # it tells scans apart
    assert torch.allclose(card, cpu, rtol=0, atol=1e-5)  # what the README says


def test_a_card_augments_as_a_cpu_does(datamodule: ScanDataModule) -> None:
    assert has_room(torch.device("cuda"), datamodule.prepared)
    augment = BatchAugment(5, [0.1, 2.0], 0.5, 30.0, 10.0, [0.9, 1.0], [0.75, 4 / 3])
    images = torch.from_numpy(np.array(datamodule.prepared.images[:32])).unsqueeze(1)
    draws = torch.rand(len(images), augment.draws_per_scan, generator=torch.manual_seed(0))
    card = augment(images.cuda(), draws.cuda()).cpu()
    assert torch.allclose(card, augment.by_torch(images, draws), rtol=0, atol=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_a_card_trains_twice_the_same_where_that_is_asked(
    compose: Callable[..., DictConfig],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
) -> None:
    # cuBLAS looks once per process, and other tests of it may have come before.
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    asked = (*SMALL, f"model={model}", *MODELS[model], "trainer.deterministic=true")
    runs = [tmp_path / name for name in ("first", "second")]
    for run in runs:
        train(compose(*asked, f"run_folder={run}"))
    assert_same(*runs)
    record = json.loads((runs[0] / "run.json").read_text())
    assert record["device"] == torch.cuda.get_device_name()
    assert record["deterministic"] == {"asked": True, "device_honours": True}
    assert record["peak_memory"]["device"] > 0
