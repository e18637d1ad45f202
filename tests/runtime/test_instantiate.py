import pytest
import torch
from omegaconf import OmegaConf

from brain_tumor.errors import ConfigError
from brain_tumor.runtime.instantiate import instantiate


def test_what_is_trusted_is_built_with_plain_values() -> None:
    config = OmegaConf.create(
        {"_target_": "torch.optim.Adam", "_partial_": True, "betas": [0.9, 1]}
    )
    optimizer = instantiate(config, "optimizer")
    assert optimizer.func is torch.optim.Adam
    assert type(optimizer.keywords["betas"]) is list


@pytest.mark.parametrize(
    "target", ["os.system", "builtins.eval", "torchevil.x", "subprocess.run", "torch"]
)
def test_other_targets_are_refused_at_any_depth(target: str) -> None:
    hidden = {"_target_": "torch.nn.Sequential", "_args_": [{"_target_": target}]}
    with pytest.raises(ConfigError, match="only targets from"):
        instantiate(OmegaConf.create(hidden), "model")


@pytest.mark.parametrize(
    "config",
    [
        {"_target_": "torch.nn.Linear", "in_features": 3},
        {"_target_": "torch.nn.Nothing"},
        {"_target_": "brain_tumor.data.augment.BatchAugment"},
    ],
)
def test_a_refusal_is_one_sentence_that_names_the_key(config: dict) -> None:
    with pytest.raises(ConfigError, match=r"^node cannot be built"):
        instantiate(OmegaConf.create(config), "node")


def test_our_own_errors_keep_their_sentence() -> None:
    config = {"_target_": "brain_tumor.data.crop.CropSettings", "blur_kernel": 4, "threshold": 1}
    config |= {"erosions": 1, "dilations": 1, "size": 64}
    with pytest.raises(ConfigError, match=r"^data\.crop\.blur_kernel must be odd"):
        instantiate(OmegaConf.create(config), "crop")
