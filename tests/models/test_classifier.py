import functools
import math
from pathlib import Path
from types import SimpleNamespace

import lightning as L
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from brain_tumor.config.instantiate import instantiate
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.errors import ConfigError, TrainingError
from brain_tumor.models.classifier import TrainingSettings, TumorClassifier
from brain_tumor.models.schedules import WarmupCosine

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
GBMNET = {"name": "gbmnet", "width": 16, "dropout": 0.3}
MOBILENETV2 = {"name": "mobilenetv2", "width": 8, "dropout": 0.5}


def adam(lr: float = 1e-3) -> functools.partial:
    return functools.partial(torch.optim.Adam, lr=lr)


def trainer(epochs: int = 1, **options: object) -> L.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return L.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        num_sanity_val_steps=0,
        **{"enable_checkpointing": False} | quiet | options,
    )


def test_the_configured_step_is_adam_s(compose) -> None:
    """Fused, it has to go where Kingma and Ba's formulas lead, written out in double precision."""
    generator = torch.Generator().manual_seed(0)
    parameter = torch.nn.Parameter(torch.randn(1000, generator=generator))
    expected, first, second = parameter.detach().double(), 0.0, 0.0
    optimizer = instantiate(compose("optimizer.lr=0.01").optimizer, "optimizer")([parameter])
    for step in range(1, 21):
        gradient = torch.randn(1000, generator=generator)
        parameter.grad = gradient
        optimizer.step()
        first = 0.9 * first + 0.1 * gradient.double()
        second = 0.999 * second + 0.001 * gradient.double() ** 2
        unbiased = first / (1 - 0.9**step), second / (1 - 0.999**step)
        expected -= 0.01 * unbiased[0] / (unbiased[1].sqrt() + 1e-8)
    torch.testing.assert_close(parameter.detach().double(), expected, atol=1e-6, rtol=1e-6)


def test_it_learns_sixteen_scans_by_heart(datamodule: ScanDataModule) -> None:
    torch.manual_seed(0)
    labels = datamodule.prepared.labels
    sixteen = np.concatenate([np.flatnonzero(labels == label)[:4] for label in range(4)])
    assert len(sixteen) == 16
    datamodule.split = type(datamodule.split)(sixteen, sixteen[:0], sixteen)
    classifier = TumorClassifier(GBMNET | {"width": 64}, CLASSES, adam(), monitored_part="test")
    fit = trainer(40, check_val_every_n_epoch=40)
    fit.fit(classifier, datamodule)
    assert float(fit.callback_metrics["test/accuracy"]) == 1.0


def test_frozen_statistics_do_not_move_in_an_epoch(datamodule: ScanDataModule) -> None:
    datamodule.split = type(datamodule.split)(
        *(rows[:8] for rows in vars(datamodule.split).values())
    )
    classifier = TumorClassifier(MOBILENETV2, CLASSES, adam(), monitored_part="test")
    before = {k: v.clone() for k, v in classifier.network.state_dict().items()}
    trainer().fit(classifier, datamodule)
    after = classifier.network.state_dict()
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    assert moved == {f"head.{i}.{kind}" for i in (0, 3) for kind in ("weight", "bias")}
    assert any("running_mean" in key for key in before)


@pytest.mark.parametrize("network", [GBMNET, MOBILENETV2], ids=lambda n: n["name"])
def test_a_checkpoint_tells_what_it_holds_and_loads_weights_only(
    datamodule: ScanDataModule, network: dict, tmp_path: Path
) -> None:
    datamodule.split = type(datamodule.split)(
        *(rows[:8] for rows in vars(datamodule.split).values())
    )
    classifier = TumorClassifier(network, CLASSES, adam(), monitored_part="test")
    fit = trainer(enable_checkpointing=True, default_root_dir=tmp_path)
    fit.fit(classifier, datamodule)
    fit.save_checkpoint(tmp_path / "a.ckpt")

    content = torch.load(tmp_path / "a.ckpt", weights_only=True)
    assert content["hyper_parameters"] == {"network": network, "classes": list(CLASSES)}
    loaded = TumorClassifier.load_from_checkpoint(tmp_path / "a.ckpt", weights_only=True).eval()
    assert loaded.classes == CLASSES
    scans = next(iter(datamodule.part_dataloader("test"))).images
    with torch.no_grad():
        assert torch.equal(loaded(scans), classifier.eval()(scans))


def test_scores_of_every_part_are_logged(datamodule: ScanDataModule) -> None:
    classifier = TumorClassifier(GBMNET, CLASSES, adam(), monitored_part="test")
    fit = trainer()
    fit.fit(classifier, datamodule)
    names = ["loss", "accuracy", "balanced_accuracy", "macro_f1"]
    names += [f"{score}/{label}" for score in ("precision", "recall", "f1") for label in CLASSES]
    logged = set(fit.callback_metrics) - {"step"}
    curves = {f"{part}/{name}" for name in names for part in ("train", "test")}
    assert logged == curves | {"train/lr"}
    assert float(fit.callback_metrics["train/lr"]) == pytest.approx(adam().keywords["lr"])
    assert fit.callback_metrics["step"] == 1


def test_trained_pretrained_layers_have_a_rate_of_their_own(datamodule: ScanDataModule) -> None:
    network = MOBILENETV2 | {"unfreeze": 1, "input_size": 32}
    schedule = functools.partial(WarmupCosine, warmup=0.0)
    settings = TrainingSettings(label_smoothing=0.1, backbone_rate=0.25)
    classifier = TumorClassifier(network, CLASSES, adam(0.1), schedule, "test", settings)
    fit = trainer(2)
    fit.fit(classifier, datamodule)
    head, backbone = fit.optimizers[0].param_groups
    assert [head["initial_lr"], backbone["initial_lr"]] == pytest.approx([0.1, 0.025])
    # Stepped with every batch, both have come to the end.
    assert fit.lr_scheduler_configs[0].interval == "step"
    assert [head["lr"], backbone["lr"]] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert {"train/lr", "train/lr_backbone"} <= set(fit.callback_metrics)
    last = classifier.network.features[18]
    assert {id(p) for p in backbone["params"]} == {id(p) for p in last.parameters()}
    assert {id(p) for p in head["params"]} == {id(p) for p in classifier.network.head.parameters()}


@given(smoothing=st.floats(0.0, 0.9), seed=st.integers(0, 100))
def test_smoothed_targets_are_spread_evenly(smoothing: float, seed: int) -> None:
    torch.manual_seed(seed)
    logits, labels = torch.randn(5, 4), torch.randint(0, 4, (5,))
    classifier = TumorClassifier(GBMNET, CLASSES, training=TrainingSettings(smoothing))
    classifier.network.forward = lambda images: images
    classifier.trainer = trainer()
    batch = SimpleNamespace(images=logits, labels=labels, global_batch_size=5)
    targets = (1 - smoothing) * F.one_hot(labels, 4) + smoothing / 4
    expected = -(targets * logits.log_softmax(dim=1)).sum(dim=1).mean()
    torch.testing.assert_close(classifier.training_step(batch, 0), expected)
    # The score of the monitored part is the plain one, which can be compared between runs.
    classifier.validation_step(batch, 0)
    plain = F.cross_entropy(logits, labels)
    torch.testing.assert_close(classifier.monitored_loss.compute(), plain)


def test_a_second_softmax_leaves_a_perfect_network_a_cost() -> None:
    labels = torch.arange(4)
    sure = TumorClassifier(GBMNET, CLASSES, training=TrainingSettings(softmax_twice=True))
    sure.network.forward = lambda images: images
    sure.trainer = trainer()
    batch = SimpleNamespace(
        images=50 * F.one_hot(labels, 4).float(), labels=labels, global_batch_size=4
    )
    assert float(sure.training_step(batch, 0)) == pytest.approx(math.log(1 + 3 / math.e))
    # The monitored part is scored as without it.
    sure.validation_step(batch, 0)
    assert float(sure.monitored_loss.compute()) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "values", [{"label_smoothing": 1.0}, {"backbone_rate": 0.0}, {"backbone_rate": 11.0}]
)
def test_settings_outside_their_range_are_named(values: dict) -> None:
    with pytest.raises(ConfigError, match=rf"training\.{next(iter(values))}"):
        TrainingSettings(**values)


def test_a_schedule_steps_once_per_epoch(datamodule: ScanDataModule) -> None:
    datamodule.split = type(datamodule.split)(
        *(rows[:8] for rows in vars(datamodule.split).values())
    )
    halve = functools.partial(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)
    classifier = TumorClassifier(GBMNET, CLASSES, adam(1e-3), halve, "test")
    fit = trainer(2)
    fit.fit(classifier, datamodule)
    assert fit.optimizers[0].param_groups[0]["lr"] == pytest.approx(2.5e-4)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_no_number_stops_with_what_to_do(datamodule: ScanDataModule) -> None:
    classifier = TumorClassifier(GBMNET, CLASSES, adam(), monitored_part="test")
    with torch.no_grad():
        next(classifier.network.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"epoch 1: lower optimizer\.lr"):
        trainer().fit(classifier, datamodule)


def test_weights_for_a_network_without_a_pretrained_part_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.weights"):
        TumorClassifier(GBMNET, CLASSES).network.load_pretrained("imagenet")
