"""From a group of the configuration to what takes its values: by name, and by annotation."""

import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

from omegaconf import OmegaConf

from brain_tumor.arguments import check_arguments
from brain_tumor.errors import ConfigError
from brain_tumor.settings import Settings, annotations, below, repr_short

T = TypeVar("T")


def plain_values(node: Any, key: str = "this") -> dict[str, Any]:
    """Give a group of the configuration as plain values, by name."""
    values = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    if not isinstance(values, dict):
        raise ConfigError(f"{key} must be a group of named values: {repr_short(values)}")
    return {str(name): value for name, value in values.items()}


def parse_settings(target: Callable[..., T], node: Any, key: str = "") -> T:
    """Give the values of a group to what takes them, and groups within it likewise.

    ConfigError where a name is unknown or missing, or a value is not what is annotated.
    """
    hints = annotations(target)
    values = {
        name: _parsed(hints.get(name), value, below(key, name))
        for name, value in plain_values(node, key or "this").items()
    }
    check_arguments(target, values, key)
    return target(**values)


def _parsed(hint: Any, value: Any, key: str) -> Any:
    """Turn a group into its settings, and a list into a tuple, where that is what is annotated."""
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        found = (_parsed(one, value, key) for one in inner)
        return next((one for one in found if one is not value), value)
    if isinstance(value, dict) and isinstance(hint, type) and issubclass(hint, Settings):
        return parse_settings(hint, value, key)
    if isinstance(value, dict) and kind is dict:
        return {name: _parsed(inner[1], one, below(key, str(name))) for name, one in value.items()}
    if isinstance(value, list) and kind is tuple:
        return tuple(value)
    return Path(value) if isinstance(value, str) and hint is Path else value
