"""Do configured values fit what a class or function takes, by name and by annotation?"""

import inspect
import os
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from omegaconf import OmegaConf

from brain_tumor.errors import ConfigError, suggest

_NAMED = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    type(None): "null",
}
T = TypeVar("T")
_LISTS = (list, tuple, set, frozenset, Sequence, Iterable, Collection)


def check_arguments(
    target: Callable[..., Any],
    values: Mapping[str, Any],
    key: str = "",
    given: Collection[str] = (),
) -> None:
    """Make sure that values can be given to a class or function by name.

    Args:
        target: What takes them.
        values: By name, as a configuration holds them, or objects built from it.
        key: Where they stand in the configuration; empty at its top.
        given: Names of what the program gives itself.

    Raises:
        ConfigError: A name is unknown or missing, or a value is not of the annotated kind.
    """
    above = f"{key}." if key else ""
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(target).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    allowed = [parameter.kind for parameter in inspect.signature(target).parameters.values()]
    hints = _hints(target)
    for name, value in values.items():
        if name in given:
            raise ConfigError(f"{above}{name} is set by the program: leave it out.")
        if name not in parameters:
            if inspect.Parameter.VAR_KEYWORD in allowed:
                continue
            free = [known for known in parameters if known not in given]
            raise ConfigError(
                f"{above}{name} is unknown, {target.__name__} does not take it: "
                f"{suggest(name, free)}"
            )
        if name in hints and not fits(value, hints[name]):
            raise ConfigError(
                f"{above}{name} must be {described(hints[name])}: {repr_short(value)}"
            )
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in values and name not in given:
            raise ConfigError(f"{above}{name} is not given: add {above}{name}=VALUE.")


def fits(value: Any, hint: Any) -> bool:
    """Tell whether a configured value is of an annotated kind.

    A truth value is no number, a whole number is a number, a list can stand for a tuple and text
    for a path.

    Example:
        >>> fits(True, int), fits(1, float), fits([0.9, 0.999], tuple[float, float]), fits("a", int)
        (False, True, True, False)
    """
    if hint in (Any, inspect.Parameter.empty, object) or isinstance(hint, (str, TypeVar)):
        return True
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if kind is Annotated:
        return fits(value, inner[0])
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
        return described(inner[0])
    if kind is Literal:
        return " or ".join(dict.fromkeys(str(one) for one in inner))
    kind = kind or hint
    if kind in _NAMED:
        return _NAMED[kind]
    if kind in _LISTS:
        return "a list"
    if kind in (dict, Mapping):
        return "a group of named values"
    if isinstance(kind, type) and issubclass(kind, os.PathLike):
        return "a path"
    return str(getattr(kind, "__name__", kind))


def repr_short(value: Any, longest: int = 60) -> str:
    """Show a value in a message, on one line and not at length."""
    text = " ".join(repr(value).split())
    return text if len(text) <= longest else f"{text[:longest]}..."


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


def parse_settings(target: Callable[..., T], node: Any, key: str) -> T:
    """Give the values of a group to what takes them.

    Raises:
        ConfigError: A name is unknown or missing, or a value of the wrong kind or outside its
            range.
    """
    values = plain_values(node, key)
    check_arguments(target, values, key)
    return target(**values)


def _fits_list(value: Any, kind: Any, inner: Sequence[Any]) -> bool:
    if not isinstance(value, (list, tuple)):
        return False
    if kind is tuple and inner and inner[-1] is not Ellipsis:
        return len(value) == len(inner) and all(map(fits, value, inner))
    return not inner or all(fits(one, inner[0]) for one in value)


def _hints(target: Callable[..., Any]) -> dict[str, Any]:
    takes = target.__init__ if isinstance(target, type) else target  # type: ignore[misc]
    try:
        return get_type_hints(takes)
    except (NameError, TypeError):  # names that exist for type checkers alone
        return {name: hint for name, hint in getattr(takes, "__annotations__", {}).items()}
