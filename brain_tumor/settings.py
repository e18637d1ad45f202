"""Settings say by their annotations what they may be; nothing else has to check them.

A settings class is a frozen dataclass below `Settings`. A field's annotation holds its kind, and by
`Annotated[int, Range(1, 1000)]` its range; both are checked whenever an object is made, from a
configuration or from Python.
"""

import math
import os
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from brain_tumor.errors import ConfigError, nearest, suggest

_NAMED = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    type(None): "null",
}
_LISTS = (list, tuple, set, frozenset, Sequence, Iterable, Collection)


@dataclass(frozen=True)
class Range:
    """Which numbers a setting may be.

    Attributes:
        least: The smallest.
        most: The largest.
        without: Numbers in between that it may not be, such as an end.
        also: Numbers outside that it may be, such as 0 for none.
        odd: Whether it must be odd.

    Example:
        >>> described(Annotated[int, Range(2)]), described(Annotated[float, Range(0, 1, (1,))])
        ('a whole number of at least 2', 'a number in 0..1, 1 left out')
    """

    least: float
    most: float = math.inf
    without: tuple[float, ...] = ()
    also: tuple[float, ...] = ()
    odd: bool = False

    def holds(self, number: float) -> bool:
        """Tell whether a number is one of them."""
        inside = self.least <= number <= self.most and number not in self.without
        return number in self.also or (inside and (not self.odd or number % 2 == 1))

    def described(self, kind: str) -> str:
        """Say which numbers of a kind they are."""
        kind = kind.replace("a ", "an odd ", 1) if self.odd else kind
        also = "".join(f"{number} or " for number in self.also)
        without = " and ".join(str(number) for number in self.without)
        left_out = f", {without} left out" if without else ""
        if self.without == (self.least, self.most):
            return f"{also}{kind} between {self.least} and {self.most}"
        if self.most == math.inf:
            return f"{also}{kind} {'above' if self.without else 'of at least'} {self.least}"
        return f"{also}{kind} in {self.least}..{self.most}{left_out}"


class Rising(Range):
    """Two numbers of a range, the second not below the first.

    Example:
        >>> described(Annotated[tuple[float, float], Rising(0, 128)])
        'two rising numbers in 0..128'
    """

    def holds(self, pair: Any) -> bool:
        """Tell whether two numbers are such."""
        return bool(pair[0] <= pair[1]) and all(map(super().holds, pair))

    def described(self, kind: str) -> str:
        """Say which numbers they are."""
        return f"two rising {super().described('numbers')}"


Seed = Annotated[int, Range(0, 2**32 - 1)]
BatchSize = Annotated[int, Range(1, 2**31 - 1)]
Workers = Annotated[int, Range(0, 256)]  # processes: more would bring a machine down


class Settings:
    """Base of frozen dataclasses of configured values: each is checked when an object is made.

    A subclass names where its values stand in the configuration, `class Mine(Settings, key="my")`;
    what relates two values it checks in its own `__post_init__`, after this one.

    Raises:
        ConfigError: A value is not what its annotation says.
    """

    settings_key: ClassVar[str] = ""

    def __init_subclass__(cls, key: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.settings_key = key or cls.settings_key

    def __post_init__(self) -> None:
        """Check every value."""
        hints = annotations(self.__class__.__init__)
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, field.name)
            check_value(value, hints[field.name], below(self.settings_key, field.name))


def below(key: str, name: str) -> str:
    """Give the dotted key of what stands below another; an empty key is the top."""
    return f"{key}.{name}" if key else name


def check_value(value: Any, hint: Any, key: str) -> None:
    """Make sure that a value is what an annotation says.

    Else a ConfigError has key, value, what it must be, and the nearest name.
    """
    keyed, valued = _group_of(hint) if isinstance(value, dict) else (Any, Any)
    for name, one in value.items() if isinstance(value, dict) else ():
        if _choices(keyed) and not fits(name, keyed):
            known = suggest(str(name), map(str, _choices(keyed)))
            raise ConfigError(f"{below(key, str(name))} is unknown: {known}")
        check_value(one, valued, below(key, str(name)))
    if not fits(value, hint):
        names = [name for name in _choices(hint) if isinstance(name, str)]
        near = nearest(value, names) if isinstance(value, str) else None
        meant = f", did you mean {near}?" if near else _in_quotes(value, hint, key)
        raise ConfigError(f"{key} must be {described(hint)}: {repr_short(value)}{meant}")


def _in_quotes(value: Any, hint: Any, key: str) -> str:
    """Say how numbers are given where text is needed, as names of folders may be 1, 2 and 3."""
    if not isinstance(value, (list, tuple)) or not all(type(one) is int for one in value):
        return ""
    text = [str(one) for one in value]
    as_text = ",".join(f"'{one}'" for one in text)
    return f', write "{key}=[{as_text}]"' if fits(type(value)(text), hint) else ""


def shaped(
    value: Any,
    hint: Any,
    key: str,
    made: Callable[[Any, Any, str], Any],
    single: Callable[[Any, Any, str], Any],
) -> Any:
    """Give a plain value the shape that an annotation asks for; whether it fits is not checked.

    `made` makes a dataclass of a group of named values, given its class, these and where they
    stand, a list becomes a tuple, and `single` turns what is neither, given the value, the
    annotation and the key.
    """
    kind, inner = get_origin(hint), get_args(hint)
    if kind is Annotated:
        return shaped(value, inner[0], key, made, single)
    if kind in (Union, types.UnionType):
        found = (shaped(value, one, key, made, single) for one in inner)
        return next((one for one in found if one is not value), value)
    if isinstance(value, dict) and is_dataclass(hint):
        return made(hint, value, key)
    if isinstance(value, dict) and kind in (dict, Mapping):
        return {
            name: shaped(one, inner[1], below(key, str(name)), made, single)
            for name, one in value.items()
        }
    if isinstance(value, list) and kind in _LISTS:
        hints = inner[:1] * len(value) if inner[-1] is Ellipsis or len(inner) == 1 else inner
        if len(hints) == len(value):
            pairs = enumerate(zip(value, hints, strict=True))
            value = [shaped(one, own, f"{key}[{i}]", made, single) for i, (one, own) in pairs]
        return tuple(value) if kind is tuple else value
    return single(value, hint, key)


def fits(value: Any, hint: Any) -> bool:
    """Tell whether a value is of an annotated kind, and in its range.

    A truth value is no number, a whole number is a number, a list can stand for a tuple and text
    for a path.

    Example:
        >>> fits(True, int), fits(1, float), fits([0.9, 0.999], tuple[float, float]), fits("a", int)
        (False, True, True, False)
    """
    if hint in (Any, object) or isinstance(hint, (str, TypeVar)):
        return True
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if kind is Annotated:
        ranges = [one for one in inner[1:] if isinstance(one, Range)]
        return fits(value, inner[0]) and all(one.holds(value) for one in ranges)
    if kind is Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if hint is None:
        return value is None
    kind = kind or hint
    if kind in _LISTS:
        return _fits_list(value, kind, inner)
    if kind in (dict, Mapping):
        keyed, valued = inner or (Any, Any)
        return isinstance(value, dict) and all(
            fits(name, keyed) and fits(one, valued) for name, one in value.items()
        )
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, (int, float))
    if isinstance(kind, type) and issubclass(kind, os.PathLike):
        return isinstance(value, (str, kind))
    return isinstance(value, kind) if isinstance(kind, type) else True


def described(hint: Any) -> str:
    """Say in a few words what an annotation asks for.

    Example:
        >>> described(int | None), described(Literal["min", "max"])
        ('a whole number or null', 'min or max')
    """
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        # Classes, which cannot be typed, are named only where there is nothing else.
        plain = [one for one in inner if not isinstance(one, type) or one in _NAMED]
        return " or ".join(dict.fromkeys(described(one) for one in plain or inner))
    if kind is Annotated:
        text = described(inner[0])
        for one in inner[1:]:
            text = one.described(text) if isinstance(one, Range) else text
        return text
    if kind is Literal:
        return " or ".join(dict.fromkeys(str(one) for one in inner))
    kind = kind or hint
    if kind in _NAMED:
        return _NAMED[kind]
    if kind is tuple and inner and inner[-1] is not Ellipsis:
        return f"a list of {len(inner)}, each {described(inner[0])}"
    if kind in _LISTS:
        named = inner and inner[0] in _NAMED
        return f"a list, each {described(inner[0])}" if named else "a list"
    if kind in (dict, Mapping) or is_dataclass(kind):
        return "a group of named values"
    if isinstance(kind, type) and issubclass(kind, os.PathLike):
        return "a path"
    return str(getattr(kind, "__name__", kind))


def repr_short(value: Any, longest: int = 60) -> str:
    """Show a value in a message, on one line and not at length."""
    text = " ".join(repr(value).split())
    return text if len(text) <= longest else f"{text[:longest]}..."


@cache
def annotations(target: Callable[..., Any]) -> dict[str, Any]:
    """Give what a class or function is annotated to take, by name."""
    takes = target.__init__ if isinstance(target, type) else target  # type: ignore[misc]
    try:
        return get_type_hints(takes, include_extras=True)
    except (NameError, TypeError):  # names that exist for type checkers alone
        return dict(getattr(takes, "__annotations__", {}))


def _fits_list(value: Any, kind: Any, inner: Sequence[Any]) -> bool:
    if not isinstance(value, (list, tuple)):
        return False
    if kind is tuple and inner and inner[-1] is not Ellipsis:
        return len(value) == len(inner) and all(map(fits, value, inner))
    return not inner or all(fits(one, inner[0]) for one in value)


def _group_of(hint: Any) -> tuple[Any, Any]:
    """Give what names and values a group may have, of an annotation that allows one."""
    for one in (hint, *get_args(hint)):
        if get_origin(one) in (dict, Mapping):
            return get_args(one)[0], get_args(one)[1]
    return Any, Any


def _choices(hint: Any) -> tuple[Any, ...]:
    inner = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(choice for one in inner for choice in _choices(one))
    return inner if get_origin(hint) is Literal else ()
