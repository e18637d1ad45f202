"""Frozen dataclasses as plain values for JSON, and back: for results that are kept in a file."""

import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from brain_tumor.settings import below, described, fits, repr_short

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
    ValueError names the field, below `where`, that is missing, unknown, or of another type.
    """
    return cast(T, _read(cls, value, where))


def _read(hint: Any, value: Any, where: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if is_dataclass(hint):
        return _read_fields(cast(type, hint), value, where)
    if origin in (Union, types.UnionType):
        return _read_union(inner, value, where)
    if origin is tuple:
        return _read_tuple(inner, value, where)
    if origin in (dict, Mapping) and inner[0] is str:
        if not isinstance(value, dict):
            raise _mismatch(where, "a group of named values", value)
        return {key: _read(inner[1], one, below(where, key)) for key, one in value.items()}
    if origin is not Literal and hint not in (bool, int, float, str, type(None)):
        raise TypeError(f"{where} is annotated with {hint}, which JSON cannot hold")
    if not fits(value, hint):
        raise _mismatch(where, described(hint), value)
    if hint is not float:
        return value
    if not abs(value) <= sys.float_info.max:  # also of a whole number that no float can be
        raise _mismatch(where, "a finite number", value)
    return float(value)


def _read_fields(cls: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _mismatch(where, "a group of named values", value)
    known, hints = _fields(cls)
    unknown = [key for key in value if key not in known]
    if unknown:
        raise ValueError(f"{below(where, unknown[0])} is unknown")
    for name, field in known.items():
        if name not in value and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{below(where, name)} is missing")
    return cls(**{key: _read(hints[key], one, below(where, key)) for key, one in value.items()})


def _read_union(options: Sequence[Any], value: Any, where: str) -> Any:
    if value is None and type(None) in options:
        return None
    others = [option for option in options if option is not type(None)]
    for option in others[:-1]:
        try:
            return _read(option, value, where)
        except ValueError:
            continue
    return _read(others[-1], value, where)


def _read_tuple(items: Sequence[Any], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise _mismatch(where, "a list", value)
    if items[-1] is Ellipsis:
        items = [items[0]] * len(value)
    if len(items) != len(value):
        raise _mismatch(where, f"a list of {len(items)}", value)
    pairs = zip(items, value, strict=True)
    return tuple(_read(item, one, f"{where}[{place}]") for place, (item, one) in enumerate(pairs))


@cache
def _fields(cls: Any) -> tuple[dict[str, Field[Any]], dict[str, Any]]:
    return {field.name: field for field in fields(cls)}, get_type_hints(cls)


def _mismatch(where: str, expected: str, value: Any) -> ValueError:
    return ValueError(f"{where or 'the content'} must be {expected}: {repr_short(value)}")
