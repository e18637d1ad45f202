"""A search space as a configuration: read, or refused with one sentence before any scan is read."""

import pytest
from omegaconf import OmegaConf
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from brain_tumor.errors import ConfigError
from brain_tumor.tune.settings import read_space

TRAINING = {
    "optimizer": {"lr": 1e-5},
    "model": {"width": 512, "dropout": 0.3},
    "data": {"batch_size": 32, "root": None},
    "split": {"fold": 0},
    "seed": 0,
}


def space(text: str) -> dict:
    return read_space(OmegaConf.create(text), TRAINING)


def test_each_kind_is_drawn_as_it_says() -> None:
    read = space(
        "{optimizer: {lr: {kind: float, low: 1e-5, high: 1e-2, log: true}},"
        " model: {width: {kind: int, low: 64, high: 512, step: 64}, dropout: null},"
        " data: {batch_size: {kind: categorical, choices: [16, 32]}}}"
    )
    assert read == {
        "optimizer.lr": FloatDistribution(1e-5, 1e-2, log=True),
        "model.width": IntDistribution(64, 512, step=64),
        "data.batch_size": CategoricalDistribution([16, 32]),
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{}", "empty"),
        ("{optimizer: {lrr: {kind: float, low: 0, high: 1}}}", "did you mean optimizer.lr"),
        ("{split: {fold: {kind: int, low: 0, high: 3}}}", "stays the same"),
        ("{seed: {kind: int, low: 0, high: 3}}", "stays the same"),
        ("{data: {root: {kind: categorical, choices: [a, b]}}}", "stays the same"),
        ("{optimizer: {lr: 3}}", "kind"),
        ("{optimizer: {lr: {kind: normal}}}", "float, int, categorical"),
        ("{optimizer: {lr: {kind: float, low: 1, high: 0.1}}}", "low <= high"),
        ("{optimizer: {lr: {kind: float, low: 0.1, high: 0.1}}}", "two different ends"),
        ("{optimizer: {lr: {kind: float, low: 0, high: 0.1, log: true}}}", "low > 0"),
        ("{optimizer: {lr: {kind: float, high: 0.1}}}", "lr.low is not given"),
        ("{optimizer: {lr: {kind: float, low: 0, high: .inf}}}", "two different ends"),
        ("{optimizer: {lr: {kind: float, low: 0, high: 1, steps: 1}}}", "lr.steps is unknown"),
        ("{model: {width: {kind: int, low: 1.5, high: 3}}}", "whole number"),
        ("{model: {width: {kind: int, low: 1, high: 4, step: 2}}}", "step"),
        ("{model: {width: {kind: int, low: 1, high: 4, step: 0}}}", "step > 0"),
        ("{model: {width: {kind: categorical, choices: [1]}}}", "two choices"),
        ("{model: {width: {kind: categorical, choices: [1, 1]}}}", "different"),
        ("{model: {width: {kind: categorical, choices: [[1], 2]}}}", "choices"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        space(text)
