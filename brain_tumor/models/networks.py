"""The networks by name, so that a checkpoint can say in plain words which one it holds."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from brain_tumor.errors import ConfigError
from brain_tumor.models.gbmnet import GBMnet
from brain_tumor.models.mobilenetv2 import GBMMobileNetV2net

NETWORKS: dict[str, type[nn.Module]] = {
    "gbmnet": GBMnet,
    "mobilenetv2": GBMMobileNetV2net,
}


def build_network(classes: int, name: str, **options: Any) -> nn.Module:
    """Build a network with random weights.

    Args:
        classes: Number of classes.
        name: A key of `NETWORKS`.
        **options: The network's own arguments.

    Raises:
        ConfigError: There is no such network, or an option is not for it or outside its range.
    """
    if name not in NETWORKS:
        raise ConfigError(f"model.name is {name!r}: choose one of {', '.join(NETWORKS)}.")
    _check(options)
    try:
        return NETWORKS[name](classes=classes, **options)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(f"The model {name} cannot be built: {error}.") from error


def _check(options: Mapping[str, Any]) -> None:
    for name in ("width", "input_size"):
        value = options.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"model.{name} must be a positive whole number: {value!r}")
    dropout = options.get("dropout", 0.0)
    if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout < 1:
        raise ConfigError(f"model.dropout must lie in 0..1, 1 left out: {dropout!r}")
    for name in ("input_mean", "input_std"):
        values = options.get(name, (0.5, 0.5, 0.5))
        numbers = isinstance(values, Sequence) and all(isinstance(v, (int, float)) for v in values)
        if not numbers or len(values) != 3 or (name == "input_std" and min(values) <= 0):
            raise ConfigError(f"model.{name} must be three numbers (std above 0): {values!r}")
