"""The networks by name, so that a checkpoint can say in plain words which one it holds."""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from math import isfinite
from typing import Any

from torch import nn

from brain_tumor.errors import ConfigError, suggest
from brain_tumor.models.gbmnet import GBMnet
from brain_tumor.models.mobilenetv2 import GBMMobileNetV2net
from brain_tumor.models.torchvision_net import TorchvisionNet, architectures, published_input

NETWORKS: dict[str, type[nn.Module]] = {
    "gbmnet": GBMnet,
    "mobilenetv2": GBMMobileNetV2net,
}

# The widest layer behind GBMnet's 16,384 features has 1 GiB of weights; a scan has 256 pixels a
# side. A checkpoint or a slip of the keyboard may ask for more than there is memory.
MAX = {"width": 16_384, "input_size": 2048}


def with_defaults(network: Mapping[str, Any]) -> dict[str, Any]:
    """Give a network's name and arguments with what its weights decide, as numbers.

    A checkpoint keeps these, so that it does not depend on a later torchvision's defaults.

    Args:
        network: `name`, and arguments of which None is as good as left out.
    """
    given = {key: value for key, value in network.items() if value is not None}
    name = given.get("name")
    if isinstance(name, str) and name not in NETWORKS and name in architectures():
        return published_input(name) | given
    return given


def build_network(classes: int, name: str, **options: Any) -> nn.Module:
    """Build a network with random weights.

    Args:
        classes: Number of classes.
        name: A key of `NETWORKS`, or an architecture of torchvision's.
        **options: The network's own arguments; None is as good as left out.

    Raises:
        ConfigError: There is no such network, or an option is not for it or outside its range.
            Sizes are bounded by `MAX`.
    """
    if not isinstance(name, str) or name not in _names():
        raise ConfigError(f"model.name is {name!r}: {suggest(str(name), _names())}")
    given = with_defaults({"name": name, **options})
    given.pop("name")
    make: Callable[..., nn.Module] = NETWORKS.get(name) or partial(
        TorchvisionNet, architecture=name
    )
    _check(name, make, given)
    try:
        return make(classes=classes, **given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(f"The model {name} cannot be built: {error}.") from error


def _names() -> list[str]:
    return [*NETWORKS, *architectures()]


def _check(network: str, make: Callable[..., nn.Module], options: Mapping[str, Any]) -> None:
    known = [name for name in signature(make).parameters if name not in ("classes", "architecture")]
    for name in options:
        if name not in known:
            raise ConfigError(f"model.{name} is not for {network}: {suggest(name, known)}")
    for name, most in MAX.items():
        value = options.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise ConfigError(f"model.{name} must be a whole number in 1..{most}: {value!r}")
    dropout = options.get("dropout", 0.0)
    if not _is_number(dropout) or not 0 <= dropout < 1:
        raise ConfigError(f"model.dropout must lie in 0..1, 1 left out: {dropout!r}")
    unfreeze = options.get("unfreeze", 0)
    counted = isinstance(unfreeze, int) and not isinstance(unfreeze, bool)
    if unfreeze != "all" and not (counted and unfreeze >= 0):
        raise ConfigError(
            f"model.unfreeze must be all or a number of blocks, 0 or more: {unfreeze!r}"
        )
    frozen = options.get("frozen_statistics", True)
    if not isinstance(frozen, bool):
        raise ConfigError(f"model.frozen_statistics must be true or false: {frozen!r}")
    for name in ("input_mean", "input_std"):
        values = options.get(name, (0.5, 0.5, 0.5))
        numbers = isinstance(values, (list, tuple)) and all(map(_is_number, values))
        if not numbers or len(values) != 3 or (name == "input_std" and min(values) <= 0):
            raise ConfigError(f"model.{name} must be three numbers (std above 0): {values!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
