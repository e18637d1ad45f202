"""What a class or function takes by name, and whether values are that."""

import inspect
from collections.abc import Callable, Collection, Mapping
from inspect import Parameter
from typing import Any

from brain_tumor.errors import ConfigError, nearest, suggest
from brain_tumor.settings import Settings, annotations, below, check_value


def taken_by(target: Callable[..., Any]) -> tuple[dict[str, Parameter], bool]:
    """Give what a class or function takes by name, and whether it takes any name."""
    takes = inspect.signature(target).parameters
    named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    known = {name: one for name, one in takes.items() if one.kind in named}
    return known, any(one.kind is Parameter.VAR_KEYWORD for one in takes.values())


def check_arguments(
    target: Callable[..., Any],
    values: Mapping[str, Any],
    key: str = "",
    provided: Collection[str] = (),
    *,
    called: str = "",
    others: Collection[str] = (),
) -> None:
    """Make sure that values can be given to a class or function by name, `key` in messages.

    `provided` are names of what the program gives itself; `called` is what the target is called in
    a configuration, if not by its own name; `others` are names that stand in the same place for
    something else, to suggest them too.
    """
    known, takes_any = taken_by(target)
    hints = annotations(target)
    for name, value in values.items():
        full = below(key, name)
        if name in provided:
            raise ConfigError(f"{full} is set by the program: leave it out.")
        if name not in known and not takes_any:
            free = [one for one in known if one not in provided]
            settings = isinstance(target, type) and issubclass(target, Settings)
            taker = "" if settings else f", {called or target.__name__} does not take it"
            said, meant = suggest(name, [*free, *others]), nearest(name, [*free, *others])
            if meant is not None:
                plus = "" if meant in values or meant in others else "+"  # as Hydra adds a key
                said = f"did you mean {plus}{below(key, meant)}?"
            raise ConfigError(f"{full} is unknown{taker}: {said}")
        check_value(value, hints.get(name, Any), full)
    for name, one in known.items():
        if one.default is one.empty and name not in values and name not in provided:
            full = below(key, name)
            # The + adds a key that the configuration does not have.
            raise ConfigError(f"{full} is not given: add +{full}=VALUE.")
