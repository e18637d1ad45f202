"""Build the objects that a configuration names by `_target_`."""

from collections.abc import Mapping
from functools import partial
from inspect import signature
from types import FunctionType
from typing import Any

from omegaconf import OmegaConf

from brain_tumor.arguments import check_arguments
from brain_tumor.config.allowed_targets import ALLOWED_TARGETS, Kind, find_class
from brain_tumor.errors import BrainTumorError, ConfigError, one_line


def instantiate(config: Mapping[Any, Any], key: str, **arguments: Any) -> Any:
    """Build what `config` describes; for an optimizer and a schedule a `partial` that makes it.

    The first part of `key` says what may be built there (`ALLOWED_TARGETS`); `arguments` are given
    to the target beside the configured ones. ConfigError where a target is not of that kind, or
    does not take its arguments.
    """
    return build(config, key, ALLOWED_TARGETS[key.partition(".")[0]], **arguments)


def build(config: Mapping[Any, Any], key: str, kind: Kind, **arguments: Any) -> Any:
    """Build what `config` describes, of a kind."""
    return _built(_group(config, key), key, (kind,), arguments)


def check_target(config: Mapping[Any, Any], key: str) -> None:
    """Look at what `instantiate` would build, for what leaves files wherever it is built."""
    _found(_group(config, key), key, (ALLOWED_TARGETS[key.partition(".")[0]],), {})


def _group(config: Mapping[Any, Any], key: str) -> Mapping[Any, Any]:
    plain = OmegaConf.to_container(config, resolve=True) if OmegaConf.is_config(config) else config
    if not isinstance(plain, dict) or "_target_" not in plain:
        raise ConfigError(f"{key} must be a group with a _target_, the class to build: {plain!r}")
    return plain


def _found(
    node: Mapping[Any, Any], key: str, allowed: tuple[Kind, ...], arguments: Mapping[str, Any]
) -> tuple[Any, dict[str, Any], bool]:
    """Find what a group names; give it, what it is given, and whether the program calls it."""
    target, kind = find_class(node["_target_"], key, allowed)
    values = {str(name): value for name, value in node.items() if name != "_target_"}
    if kind.later and values.pop("_partial_", True) is not True:
        raise ConfigError(f"{key}._partial_ must be true: the program calls {node['_target_']}.")
    for name in values:
        if name.startswith("_"):
            raise ConfigError(f"{key}.{name} is unknown: beside _target_ arguments stand alone.")
    values = {name: _argument(one, f"{key}.{name}", kind.inside) for name, one in values.items()}
    later = kind.later
    if isinstance(target, FunctionType):
        later = tuple(signature(target).parameters)[: kind.called_with]
    check_arguments(target, values, key, (*arguments, *later))
    return target, values, bool(kind.later) or isinstance(target, FunctionType)


def _built(
    node: Mapping[Any, Any], key: str, allowed: tuple[Kind, ...], arguments: Mapping[str, Any]
) -> Any:
    target, values, is_called = _found(node, key, allowed, arguments)
    if is_called:
        return partial(target, **values)
    try:
        return target(**values, **arguments)
    except BrainTumorError:
        raise
    except Exception as error:  # torch and Lightning raise a dozen kinds over what they are given
        reason = one_line(error)
        raise ConfigError(f"{key} cannot be built from its configuration: {reason}") from error


def _argument(value: Any, key: str, allowed: tuple[Kind, ...]) -> Any:
    if isinstance(value, dict):
        if "_target_" in value:
            return _built(value, key, allowed, {})
        return {name: _argument(one, f"{key}.{name}", allowed) for name, one in value.items()}
    if isinstance(value, list):
        return [_argument(one, f"{key}.{place}", allowed) for place, one in enumerate(value)]
    return value
