"""The networks by name, so that a checkpoint can say in plain words which one it holds.

A network names itself by `register`, in its own file in this folder; no list of them is kept.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

import brain_tumor.models
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.models.network import Network, PlainNetwork
from brain_tumor.models.options import check_options

Made = TypeVar("Made", bound=type[nn.Module])


@dataclass(frozen=True)
class _Entry:
    made: type[nn.Module]
    name_as: str | None


_ENTRIES: dict[str, _Entry] = {}


def register(*names: str, name_as: str | None = None) -> Callable[[Made], Made]:
    """Name a network for configurations and checkpoints.

    Write it in front of the class, in a file of this folder: files that say so are imported when a
    network is first asked for.

    Args:
        *names: What it is called as `model.name`. A class with several names takes its own.
        name_as: The argument of its `__init__` that takes the name.

    Raises:
        ValueError: Another class has the name.
    """

    def named(made: Made) -> Made:
        for name in names:
            known = _ENTRIES.get(name)
            if known is not None and _place(known.made) != _place(made):
                raise ValueError(
                    f"Two networks are called {name}: {_place(known.made)} and {_place(made)}"
                )
            _ENTRIES[name] = _Entry(made, name_as)
        return made

    return named


def network_names() -> list[str]:
    """Name all networks there are, each as `model.name` takes it."""
    return list(_entries())


def with_defaults(network: Mapping[str, Any]) -> dict[str, Any]:
    """Give a network's name and arguments with what its weights decide, as numbers.

    A checkpoint keeps these, so that it does not depend on a later torchvision's defaults.

    Args:
        network: `name`, and arguments of which None is as good as left out.
    """
    provided = {key: value for key, value in network.items() if value is not None}
    name = provided.get("name")
    entry = _entries().get(name) if isinstance(name, str) else None
    if entry is None or not issubclass(entry.made, Network):
        return provided
    return entry.made.default_options(str(name)) | provided


def build_network(classes: int, name: str, **options: Any) -> Network:
    """Build a network with random weights.

    Args:
        classes: Number of classes.
        name: One of `network_names()`.
        **options: The network's own arguments; None is as good as left out.

    Raises:
        ConfigError: There is no such network, or an option is not for it or outside its range.
    """
    entry = _entries().get(name) if isinstance(name, str) else None
    if entry is None:
        raise ConfigError(f"model.name is {name!r}: {suggest(str(name), network_names())}")
    provided = with_defaults({"name": name, **options})
    provided.pop("name")
    own = {} if entry.name_as is None else {entry.name_as: name}
    check_options(name, entry.made, provided, ["classes", *own])
    make: Callable[..., nn.Module] = entry.made
    try:
        made = make(classes=classes, **own, **provided)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(f"The model {name} cannot be built: {error}.") from error
    network = made if isinstance(made, Network) else PlainNetwork(made)
    network.name = name
    return network


def _entries() -> Mapping[str, _Entry]:
    _import_networks(tuple(brain_tumor.models.__path__))
    return _ENTRIES


@lru_cache
def _import_networks(folders: tuple[str, ...]) -> None:
    """Import the files that register a network; others load Lightning, which takes seconds."""
    for file in sorted(path for folder in folders for path in Path(folder).glob("*.py")):
        if re.search(r"^\s*@register\(", file.read_text(encoding="utf-8"), re.MULTILINE):
            # A network may be built where there is no memory; its constants are not.
            with torch.device("cpu"):
                import_module(f"{brain_tumor.models.__name__}.{file.stem}")


def _place(made: type[nn.Module]) -> str:
    return f"{made.__module__}.{made.__qualname__}"
