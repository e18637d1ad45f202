"""The networks by name, so that a checkpoint can say in plain words which one it holds.

A network names itself by `register`, in its own file in this folder; no list of them is kept.
Others are named by their class: `_target_`, which may be trusted code of others (`trust.py`).
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
from brain_tumor.arguments import check_arguments, taken_by
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.models.adapters.plain import PlainNetwork
from brain_tumor.models.network import Network
from brain_tumor.settings import repr_short
from brain_tumor.trust import advice, find, lies_in

Made = TypeVar("Made", bound=type[nn.Module])


@dataclass(frozen=True)
class _Entry:
    made: type[nn.Module]
    name_as: str | None


_ENTRIES: dict[str, _Entry] = {}
TARGET = "_target_"
CLASSES = ("classes", "num_classes")  # what an __init__ calls their number
_AROUND = tuple(name for name in taken_by(PlainNetwork)[0] if name != "module")


def register(*names: str, name_as: str | None = None) -> Callable[[Made], Made]:
    """Name a network for configurations and checkpoints, as `model.name` takes it.

    Write it in front of the class, in a file of this folder: files that say so are imported when a
    network is first asked for. A class with several names takes its own by its argument `name_as`.

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

    A checkpoint keeps these, so that it does not depend on a later torchvision's defaults. None is
    as good as left out.
    """
    provided = {key: value for key, value in network.items() if value is not None}
    name = provided.get("name")
    entry = _entry(name, provided.get(TARGET))
    if entry is None or not issubclass(entry.made, Network):
        return provided
    return entry.made.default_options(str(name)) | provided


def build_network(classes: int, name: str, **options: Any) -> Network:
    """Build a network with random weights.

    Args:
        classes: Number of classes.
        name: One of `network_names()`, or whatever it is to be called where there is a `_target_`.
        **options: `_target_`, the class of a network that is not registered, and the network's own
            arguments; None is as good as left out.

    Raises:
        ConfigError: There is no such network, it is not trusted, or an option is not for it or
            outside its range.
    """
    target = options.get(TARGET)
    entry = _entry(name, target)
    if entry is None and target is not None:
        what = advice(target) or "which is no network: name a class below torch.nn.Module"
        raise ConfigError(f"model._target_ is {repr_short(target)}, {what}.")
    if entry is None:
        raise ConfigError(f"model.name is {name!r}: {suggest(str(name), network_names())}")
    if not re.fullmatch(r"\w[\w.+-]*", str(name)):  # it names files
        raise ConfigError(f"model.name must be letters, digits, points and dashes: {name!r}")
    provided = with_defaults({TARGET: target, "name": name, **options})
    for given in ("name", TARGET):
        provided.pop(given, None)
    try:
        network = _made(entry, classes, str(name), provided)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if len(reason) > 200 or "\n" in str(error):  # torch tells of its own insides
            reason = f"{reason[:200]}...; another model.input_size may fit it"
        raise ConfigError(f"The model {name} cannot be built: {reason}.") from error
    network.name = str(name)
    return network


def trial_device(options: Mapping[str, Any]) -> torch.device:
    """Give the device on which to try a network: without memory, if it is of a library.

    Code of others may look at its tensors, which hold nothing there.
    """
    target = options.get(TARGET)
    return torch.device("meta" if target is None or _is_ours(target) else "cpu")


def _made(entry: _Entry, classes: int, name: str, options: dict[str, Any]) -> Network:
    own: dict[str, Any] = {} if entry.name_as is None else {entry.name_as: name}
    taken, _ = taken_by(entry.made)
    number = next((one for one in CLASSES if one in taken), None)
    if number is not None:
        own[number] = classes
    if issubclass(entry.made, Network):
        check_arguments(entry.made, options, "model", [*CLASSES, *own], called=name)
        return entry.made(**own, **options)
    around = {key: value for key, value in options.items() if key in _AROUND}
    inside = {key: value for key, value in options.items() if key in taken or key not in _AROUND}
    check_arguments(entry.made, inside, "model", list(own), called=name, others=_AROUND)
    check_arguments(PlainNetwork, around, "model", ["module"])
    return PlainNetwork(entry.made(**own, **inside), **around)


def _entry(name: object, target: object) -> _Entry | None:
    if target is None:
        return _entries().get(name) if isinstance(name, str) else None
    places = (brain_tumor.models.__name__,)
    found = find(target, places)
    base = Network if _is_ours(target) else nn.Module
    if not isinstance(found, type) or not issubclass(found, base):
        return None
    return _Entry(found, "name" if "name" in taken_by(found)[0] else None)


def _is_ours(target: object) -> bool:
    return lies_in(str(target), [brain_tumor.models.__name__])


def _entries() -> Mapping[str, _Entry]:
    _import_networks(tuple(brain_tumor.models.__path__))
    return _ENTRIES


@lru_cache
def _import_networks(folders: tuple[str, ...]) -> None:
    """Import the files that register a network; others load Lightning, which takes seconds."""
    files = [(folder, file) for folder in folders for file in sorted(Path(folder).rglob("*.py"))]
    for folder, file in files:
        if re.search(r"^\s*@register\(", file.read_text(encoding="utf-8"), re.MULTILINE):
            place = ".".join(file.relative_to(folder).with_suffix("").parts)
            # A network may be built where there is no memory; its constants are not.
            with torch.device("cpu"):
                import_module(f"{brain_tumor.models.__name__}.{place}")


def _place(made: type[nn.Module]) -> str:
    return f"{made.__module__}.{made.__qualname__}"
