"""From a group of the configuration to what takes its values: by name, and by annotation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import OmegaConf

from brain_tumor.arguments import check_arguments
from brain_tumor.errors import ConfigError
from brain_tumor.settings import annotations, below, repr_short, shaped

T = TypeVar("T")


def plain_values(node: Any, key: str = "this") -> dict[str, Any]:
    """Give a group of the configuration as plain values, by name; ConfigError where one is ???."""
    for missing in sorted(OmegaConf.missing_keys(node)) if OmegaConf.is_config(node) else ():
        raise ConfigError(f"{missing} is not given: add {missing}=VALUE.")
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
        name: shaped(value, hints.get(name), below(key, name), parse_settings, _path)
        for name, value in plain_values(node, key or "this").items()
    }
    check_arguments(target, values, key)
    return target(**values)


def _path(value: Any, hint: Any, _: str) -> Any:
    return Path(value) if isinstance(value, str) and hint is Path else value
