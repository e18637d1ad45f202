"""What a configuration may build, and what it must not reach."""

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from brain_tumor.config.instantiate import instantiate
from brain_tumor.data.transforms.report import BatchAugment
from brain_tumor.errors import ConfigError

CALLBACKS = "lightning.pytorch.callbacks"


def build(key: str, **node: Any) -> Any:
    return instantiate(OmegaConf.create(node), key)


def test_an_optimizer_waits_for_its_weights_with_plain_values() -> None:
    made = build("optimizer", _target_="torch.optim.Adam", _partial_=True, betas=[0.9, 0.99])
    assert made.func is torch.optim.Adam
    assert type(made.keywords["betas"]) is list
    weight = torch.nn.Parameter(torch.zeros(1))
    assert made([weight]).param_groups[0]["betas"] == (0.9, 0.99)


def test_every_choice_of_every_group_is_still_built(compose, tmp_path: Path) -> None:
    config = compose("scheduler=cosine")
    for key in ("augment", "optimizer", "scheduler"):
        instantiate(config[key], key)
    for group in ("callbacks", "logger"):
        for name, node in config[group].items():
            assert instantiate(node, f"{group}.{name}") is not None


def test_what_a_trainer_is_made_of_may_be_built_inside_it() -> None:
    lightning = "lightning.pytorch"
    precision = {"_target_": f"{lightning}.plugins.DoublePrecision"}
    trainer = build(
        "trainer",
        _target_=f"{lightning}.Trainer",
        accelerator="cpu",
        logger=False,
        profiler={"_target_": f"{lightning}.profilers.SimpleProfiler"},
        strategy={
            "_target_": f"{lightning}.strategies.SingleDeviceStrategy",
            "precision_plugin": precision,
        },
        plugins=[{"_target_": f"{lightning}.plugins.TorchCheckpointIO"}],
    )
    assert type(trainer.strategy.precision_plugin).__name__ == "DoublePrecision"
    assert type(trainer.profiler).__name__ == "SimpleProfiler"


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "subprocess.run",
        "torch",
        "torchevil.x",
        "torch.load",
        "torch.hub.load",
        "torch.utils.cpp_extension.load_inline",
        "torch.ops.load_library",
        "torch.optim.Optimizer.__init__",
        "torch.optim.adam.torch.hub.load",
        "torch.optim.lr_scheduler.LambdaLR",
        "torch.nn.Linear",
        "brain_tumor.data.phantom.write_phantoms",
        "brain_tumor.train.main",
        "brain_tumor.runs.history.append_row",
        f"{CALLBACKS}.model_checkpoint.os.system",
        f"{CALLBACKS}.model_checkpoint.shutil.rmtree",
        f"{CALLBACKS}.Checkpoint.__init__.__globals__",
        "lightning.pytorch.Trainer",
        "lightning.pytorch.cli.LightningCLI",
        "hydra.utils.get_method",
        "",
        "..",
        "5",
    ],
)
@pytest.mark.parametrize("slot", ["optimizer", "scheduler", "callbacks.x", "logger.x", "augment"])
def test_nothing_else_is_reached_from_any_place(slot: str, target: str) -> None:
    if (slot, target) == ("scheduler", "torch.optim.lr_scheduler.LambdaLR"):
        return
    with pytest.raises(ConfigError, match=rf"^{slot}\._target_ is ") as caught:
        build(slot, _target_=target)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("slot", ["trainer", "optimizer", "callbacks.best"])
@pytest.mark.parametrize("trick", ["_args_", "_recursive_", "_convert_", "_partial_", "_mode_"])
def test_no_other_word_with_underscores_is_heard(slot: str, trick: str) -> None:
    targets = {
        "trainer": "lightning.pytorch.Trainer",
        "optimizer": "torch.optim.Adam",
        "callbacks.best": f"{CALLBACKS}.ModelCheckpoint",
    }
    with pytest.raises(ConfigError, match=trick):
        build(slot, _target_=targets[slot], **{trick: [{"_target_": "os.getcwd"}]})


@pytest.mark.parametrize(
    ("slot", "node"),
    [
        ("optimizer", {"_target_": "torch.optim.Adam", "lr": {"_target_": "os.getcwd"}}),
        ("trainer", {"_target_": "lightning.pytorch.Trainer", "plugins": [{"_target_": "os.abc"}]}),
        (
            "trainer",
            {
                "_target_": "lightning.pytorch.Trainer",
                "strategy": {
                    "_target_": "lightning.pytorch.strategies.SingleDeviceStrategy",
                    "device": {"_target_": "torch.load", "f": "evil.pt"},
                },
            },
        ),
        (
            "callbacks.x",
            {
                "_target_": f"{CALLBACKS}.LambdaCallback",
                "on_fit_start": {"_target_": "os.system", "_partial_": True},
            },
        ),
    ],
)
def test_what_is_nested_is_of_its_kind_too(slot: str, node: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"_target_ is '(os|torch)\."):
        instantiate(OmegaConf.create(node), slot)


@pytest.mark.parametrize(
    ("slot", "node", "told"),
    [
        ("optimizer", {"_target_": "torch.optim.Adan"}, "did you mean torch.optim.Adam"),
        (
            "optimizer",
            {"_target_": "torch.optim.Adam", "lrr": 1},
            "optimizer.lrr .* mean .optimizer.lr",
        ),
        ("optimizer", {"_target_": "torch.optim.Adam", "lr": True}, "lr must be a number: True"),
        ("optimizer", {"lr": 1}, "group with a _target_"),
        (
            "scheduler",
            {"_target_": "torch.optim.lr_scheduler.StepLR"},
            "scheduler.step_size is not given",
        ),
        ("callbacks.x", {"_target_": f"{CALLBACKS}.EarlyStopping"}, "monitor is not given"),
        (
            "callbacks.x",
            {"_target_": f"{CALLBACKS}.EarlyStopping", "monitor": "a", "patience": 1.5},
            "callbacks.x.patience must be a whole number: 1.5",
        ),
        (
            "augment",
            {"_target_": "brain_tumor.data.transforms.report.BatchAugment"},
            "augment.blur_kernel",
        ),
        # A protocol is not built; a run of before 0.7 may name the other, which is gone.
        *(
            (
                "augment",
                {"_target_": f"brain_tumor.data.transforms.report.{name}"},
                "did you mean brain_tumor.data.transforms.report.BatchAugment",
            )
            for name in ("Augment", "TorchvisionAugment")
        ),
    ],
)
def test_a_refusal_is_one_sentence_that_names_the_key(
    slot: str, node: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        instantiate(OmegaConf.create(node), slot)
    assert "\n" not in str(caught.value)


def test_what_the_program_sets_is_not_configured_too() -> None:
    node = OmegaConf.create({"_target_": "lightning.pytorch.Trainer", "logger": True})
    with pytest.raises(ConfigError, match=r"trainer\.logger is set by the program"):
        instantiate(node, "trainer", logger=False)


def test_our_own_errors_keep_their_sentence(compose) -> None:
    config = compose("augment.blur_kernel=4").augment
    with pytest.raises(ConfigError, match=r"^augment\.blur_kernel must be an odd"):
        instantiate(config, "augment")
    assert isinstance(instantiate(compose().augment, "augment"), BatchAugment)
