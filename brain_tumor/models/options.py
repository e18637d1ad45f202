"""What the options of a network may be, declared in the signature of its `__init__`."""

from collections.abc import Collection, Mapping, Sequence
from inspect import Parameter, signature
from typing import Annotated, Any, Literal

from torch import nn

from brain_tumor.errors import ConfigError, suggest
from brain_tumor.settings import Range, annotations, check_value

# Give every size a range: a checkpoint or a slip of the keyboard may ask for more than there is
# memory. The widest layer behind GBMnet's 16,384 features has 1 GiB of weights.
Width = Annotated[int, Range(1, 16_384)]
# A scan has 256 pixels a side.
InputSize = Annotated[int, Range(1, 2048)]
Dropout = Annotated[float, Range(0, 1, without=(1,))]
Unfreeze = Literal["all"] | Annotated[int, Range(0)]  # blocks
_Mean = Annotated[float, Range(-1000, 1000)]
_Std = Annotated[float, Range(0, 1000, without=(0,))]
ChannelMean = tuple[_Mean, _Mean, _Mean]
ChannelStd = tuple[_Std, _Std, _Std]


def option_names(made: type[nn.Module]) -> tuple[dict[str, Parameter], bool]:
    """Give what a network's `__init__` takes by name, and whether it takes any name."""
    takes = signature(made).parameters
    named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    known = {name: one for name, one in takes.items() if one.kind in named}
    return known, any(one.kind is Parameter.VAR_KEYWORD for one in takes.values())


def check_options(
    network: str,
    made: type[nn.Module],
    options: Mapping[str, Any],
    provided: Sequence[str],
    others: Collection[str] = (),
) -> None:
    """Make sure that options can be given to a network.

    Args:
        network: What it is called in a configuration.
        made: Its class.
        options: By name, none of them None.
        provided: Names of what the program gives itself.
        others: Names of options that are for something else, to suggest them too.

    Raises:
        ConfigError: An option is not for it, is missing, or is not what its annotation asks for.
    """
    takes, free = option_names(made)
    known = {name: one for name, one in takes.items() if name not in provided}
    init: Any = made  # whose __init__ is annotated
    hints = annotations(init)
    for name, value in options.items():
        if name in provided or (name not in known and not free):
            raise ConfigError(
                f"model.{name} is not for {network}: {suggest(name, [*known, *others])}"
            )
        check_value(value, hints.get(name, Any), f"model.{name}")
    for name, one in known.items():
        if one.default is Parameter.empty and name not in options:
            raise ConfigError(f"model.{name} is not given: add model.{name}=VALUE.")
