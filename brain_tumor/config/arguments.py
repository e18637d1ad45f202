"""From a group of the configuration to what takes its values: by name, and by annotation."""

import inspect
import types
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

from omegaconf import OmegaConf

from brain_tumor.errors import ConfigError, suggest
from brain_tumor.settings import Settings, annotations, below, check_value, repr_short

T = TypeVar("T")


def check_arguments(
    target: Callable[..., Any],
    values: Mapping[str, Any],
    key: str = "",
    provided: Collection[str] = (),
) -> None:
    """Make sure that values can be given to a class or function by name.

    Args:
        target: What takes them.
        values: By name, as a configuration holds them, or objects built from it.
        key: Where they stand in the configuration; empty at its top.
        provided: Names of what the program gives itself.

    Raises:
        ConfigError: A name is unknown or missing, or a value is not what is annotated.
    """
    taken = inspect.signature(target).parameters
    parameters = {
        name: parameter
        for name, parameter in taken.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
    hints = annotations(target)
    for name, value in values.items():
        full = below(key, name)
        if name in provided:
            raise ConfigError(f"{full} is set by the program: leave it out.")
        if name not in parameters:
            if takes_any:
                continue
            free = [known for known in parameters if known not in provided]
            taker = "" if _is_settings(target) else f", {target.__name__} does not take it"
            raise ConfigError(f"{full} is unknown{taker}: {suggest(name, free)}")
        check_value(value, hints.get(name, Any), full)
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in values and name not in provided:
            full = below(key, name)
            raise ConfigError(f"{full} is not given: add {full}=VALUE.")


def plain_values(node: Any, key: str = "this") -> dict[str, Any]:
    """Give a group of the configuration as plain values, by name.

    Args:
        node: The group.
        key: Where it stands, for messages.

    Raises:
        ConfigError: It is no group of named values.
    """
    values = OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
    if not isinstance(values, dict):
        raise ConfigError(f"{key} must be a group of named values: {repr_short(values)}")
    return {str(name): value for name, value in values.items()}


def parse_settings(target: Callable[..., T], node: Any, key: str = "") -> T:
    """Give the values of a group to what takes them, and groups within it likewise.

    Args:
        target: What takes them: a settings class, or a function.
        node: The group.
        key: Where it stands; empty at the top.

    Raises:
        ConfigError: A name is unknown or missing, or a value is not what is annotated.
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
    if isinstance(value, dict) and _is_settings(hint):
        return parse_settings(hint, value, key)
    if isinstance(value, dict) and kind is dict:
        return {name: _parsed(inner[1], one, below(key, str(name))) for name, one in value.items()}
    if isinstance(value, list) and kind is tuple:
        return tuple(value)
    return Path(value) if isinstance(value, str) and hint is Path else value


def _is_settings(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Settings)
