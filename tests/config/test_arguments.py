import inspect
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger

from brain_tumor.arguments import check_arguments
from brain_tumor.errors import ConfigError
from brain_tumor.settings import fits
from brain_tumor.train.check_config import RunSettings


@pytest.mark.parametrize(
    ("value", "hint", "right"),
    [
        (1, int, True),
        (True, int, False),
        (True, float, False),
        (1, float, True),
        (1.0, int, False),
        (None, int | None, True),
        (None, int, False),
        ("a", Path, True),
        (5, str | Path, False),
        ([0.9, 0.999], tuple[float, float], True),
        ([0.9], tuple[float, float], False),
        ([1, 2, 3], tuple[int, ...], True),
        (["a", 1], Sequence[str], False),
        ("ab", Sequence[str], False),
        ({"a": 1}, dict[str, int], True),
        ({"a": "b"}, dict[str, int], False),
        (True, Literal[1, 2], False),
        ("min", Literal["min", "max"], True),
        ("abc", float | torch.Tensor, False),
        ({"anything": 1}, Any, True),
    ],
)
def test_a_value_fits_its_annotation(value: Any, hint: Any, right: bool) -> None:
    assert fits(value, hint) is right


@pytest.mark.parametrize(
    "target", [L.Trainer, ModelCheckpoint, EarlyStopping, TensorBoardLogger, torch.optim.Adam]
)
def test_what_a_class_takes_by_itself_is_taken(target: Any) -> None:
    own = inspect.signature(target).parameters.items()
    plain = (bool, int, float, str, type(None))
    values = {name: one.default for name, one in own if isinstance(one.default, plain)}
    assert values
    needed = [name for name, one in own if one.default is one.empty]
    check_arguments(target, values, "key", provided=needed)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match=r"key\.monitor is not given: add \+key\.monitor=VALUE"):
        check_arguments(EarlyStopping, {}, "key")


def test_every_value_at_the_top_of_a_training_has_its_kind(compose) -> None:
    known = {field.name for field in fields(RunSettings)}
    for words in ((), ("experiment=demo", "debug=fast"), ("model=mobilenetv2", "split=patient")):
        assert set(compose(*words)) <= known
