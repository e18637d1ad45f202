"""Frozen dataclasses as plain values for JSON, and back: for results that are kept in a file."""

import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar

from brain_tumor.errors import ConfigError
from brain_tumor.settings import annotations, below, check_value, fits, repr_short, shaped

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Turn a dataclass into values that JSON knows; what it holds, at any depth, likewise.

    Example:
        >>> to_plain({"sizes": (1, 2), "none": None})
        {'sizes': [1, 2], 'none': None}
    """
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(one) for one in value]
    return value


def from_plain(cls: type[T], value: Any, where: str = "") -> T:
    """Build a dataclass from plain values, and check each of them against its annotation.

    Fields may be dataclasses, tuples, mappings with text as keys, `Literal`s, unions, text, finite
    numbers and truth values. A whole number can stand for a float; nothing else is converted. A
    ConfigError names the field, below `where`, that is missing, unknown, or of another type.
    """
    if not isinstance(value, dict):
        said = f"{where or 'the content'} must be a group of named values: {repr_short(value)}"
        raise ConfigError(said)
    made: Any = cls  # any dataclass, which mypy cannot say
    known, hints = {field.name: field for field in fields(made)}, annotations(made)
    for name in value:
        if name not in known:
            raise ConfigError(f"{below(where, name)} is unknown")
    for name, field in known.items():
        if name not in value and field.default is MISSING and field.default_factory is MISSING:
            raise ConfigError(f"{below(where, name)} is missing")
    found = {}
    for name, one in value.items():
        key = below(where, name)
        found[name] = shaped(one, hints[name], key, from_plain, _number)
        check_value(found[name], hints[name], key)
    return cls(**found)


def _number(value: Any, hint: Any, key: str) -> Any:
    if hint is not float or not fits(value, float):
        return value
    if not abs(value) <= sys.float_info.max:  # also of a whole number that no float can be
        raise ConfigError(f"{key} must be a finite number: {repr_short(value)}")
    return float(value)
