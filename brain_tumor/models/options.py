"""What the options of a network may be, declared in the signature of its `__init__`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from sys import float_info
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from torch import nn

from brain_tumor.errors import ConfigError, suggest


@dataclass(frozen=True)
class Range:
    """What an option may be, beside its type; `Annotated[int, Range(...)]` declares it.

    Attributes:
        allows: Whether a value is one of them; it may be given anything.
        words: What stands in a message after "must".
    """

    allows: Callable[[Any], bool]
    words: str


def whole_number(least: int, most: int) -> Range:
    """Allow whole numbers from `least` to `most`.

    Give every size a range: a checkpoint or a slip of the keyboard may ask for more than there is
    memory.

    Example:
        >>> width = whole_number(1, 16_384)
        >>> width.allows(512), width.allows(True), width.words
        (True, False, 'be a whole number in 1..16384')
    """
    return Range(
        lambda value: _is_whole(value) and least <= value <= most,
        f"be a whole number in {least}..{most}",
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= float_info.max  # finite; a whole number may be larger than any float


def _three_numbers(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 3 and all(map(_is_number, value))


# The widest layer behind GBMnet's 16,384 features has 1 GiB of weights.
Width = Annotated[int, whole_number(1, 16_384)]
# A scan has 256 pixels a side.
InputSize = Annotated[int, whole_number(1, 2048)]
Dropout = Annotated[
    float, Range(lambda value: _is_number(value) and 0 <= value < 1, "lie in 0..1, 1 left out")
]
Unfreeze = Annotated[
    int | str,
    Range(
        lambda value: value == "all" or (_is_whole(value) and value >= 0),
        "be all or a number of blocks, 0 or more",
    ),
]
ChannelMean = Annotated[Sequence[float], Range(_three_numbers, "be three numbers (std above 0)")]
ChannelStd = Annotated[
    Sequence[float],
    Range(lambda value: _three_numbers(value) and min(value) > 0, "be three numbers (std above 0)"),
]

# Types that need no range: how a value is tried, and what stands in a message.
_PLAIN: dict[Any, Range] = {
    bool: Range(lambda value: isinstance(value, bool), "be true or false"),
    int: Range(_is_whole, "be a whole number"),
    float: Range(_is_number, "be a number"),
    str: Range(lambda value: isinstance(value, str), "be text"),
}


def check_options(
    network: str, made: type[nn.Module], options: Mapping[str, Any], given: Sequence[str]
) -> None:
    """Make sure that options can be given to a network.

    Args:
        network: What it is called in a configuration.
        made: Its class.
        options: By name, none of them None.
        given: Names of what the program gives itself.

    Raises:
        ConfigError: An option is not for it, is missing, or is not what its annotation asks for.
    """
    takes: Any = made.__init__
    parameters = dict(list(signature(takes).parameters.items())[1:])  # without self
    free = any(one.kind is Parameter.VAR_KEYWORD for one in parameters.values())
    known = {
        name: one
        for name, one in parameters.items()
        if one.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
        and name not in given
    }
    for name in options:
        if name in given or (name not in known and not free):
            raise ConfigError(f"model.{name} is not for {network}: {suggest(name, known)}")
    hints = _hints(takes)
    for name, value in options.items():
        allowed = _range(hints.get(name, Any))
        if allowed is not None and not allowed.allows(value):
            raise ConfigError(f"model.{name} must {allowed.words}: {_short(value)}")
    for name, one in known.items():
        if one.default is Parameter.empty and name not in options:
            raise ConfigError(f"model.{name} is not given: add model.{name}=VALUE.")


def _short(value: object, longest: int = 60) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= longest else f"{text[:longest]}..."


def _hints(takes: Any) -> dict[str, Any]:
    try:
        return get_type_hints(takes, include_extras=True)
    except (NameError, TypeError):  # names that exist for type checkers alone
        return {}


def _range(hint: Any) -> Range | None:
    """Give what an annotation allows; None where it is not looked at."""
    kind, inner = get_origin(hint), get_args(hint)
    if kind is Annotated:
        return next((one for one in inner if isinstance(one, Range)), _range(inner[0]))
    if kind in (Union, UnionType):
        inner = tuple(one for one in inner if one is not type(None))  # None is as good as left out
        found = [_range(one) for one in inner]
        ranges = [one for one in found if one is not None]
        if len(ranges) < len(found):
            return None
        words = " or ".join(one.words.removeprefix("be ") for one in ranges)
        return Range(
            lambda value: any(one.allows(value) for one in ranges),
            ranges[0].words if len(ranges) == 1 else f"be {words}",
        )
    if kind is Literal:
        return Range(
            lambda value: any(type(value) is type(one) and value == one for one in inner),
            f"be {' or '.join(map(str, inner))}",
        )
    return None if isinstance(hint, TypeVar) else _PLAIN.get(hint)
