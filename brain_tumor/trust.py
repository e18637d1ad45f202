"""Whose code a configuration may name beside ours: modules that the user lists as `trust=[...]`.

A run folder and a checkpoint may be somebody else's, and what they name by `_target_` is imported
and built. So trust is what was typed, or stands in the user's own `conf`; it is set at a command's
door, and nothing that is opened later widens it.
"""

import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from brain_tumor.errors import ConfigError, one_line, suggest

Modules = str | tuple[str, ...] | None  # as configured

# What the process trusts: it is one user's, and threads and jobs of it are, too.
_trusted: tuple[str, ...] = ()


@contextmanager
def trusting(modules: Any) -> Iterator[None]:
    """Let configurations name what lies in some modules, and below, until the end of the block.

    ConfigError where `modules` is no list of dotted names, or one cannot be found.
    """
    global _trusted
    before = _trusted
    _trusted = (*before, *_checked(modules))
    try:
        yield
    finally:
        _trusted = before


def typed_again() -> str:
    """Give what a printed command needs behind it to trust the same modules; may be empty."""
    return f' "trust=[{",".join(_trusted)}]"' if _trusted else ""


def lies_in(module: str, places: Iterable[str]) -> bool:
    """Tell whether a module is one of some modules or lies below one.

    Example:
        >>> lies_in("torch.optim.adam", ["torch.optim"]), lies_in("torch.optimum", ["torch.optim"])
        (True, False)
    """
    return any(f"{module}.".startswith(f"{place}.") for place in places)


def find(target: Any, places: Iterable[str], written: Iterable[str] = ()) -> Any:
    """Find what a `_target_` names, where that is written in one of some modules or a trusted one.

    `places` are where it may be named, `written` where it has to be written, where that is less.
    None where there is none; ConfigError where a trusted module cannot be imported, or does not
    have the name.
    """
    module, _, name = str(target).rpartition(".")
    places = (*places, *_trusted)
    written = (*written, *_trusted) if written else places
    if not _is_plain(str(target)) or not lies_in(module, places):
        return None
    found = getattr(_imported(module), name, None)
    if found is None and lies_in(module, _trusted):
        names = [name for name in vars(_imported(module)) if name[0] != "_"]
        raise ConfigError(f"{module} has no {name}: {suggest(name, names)}")
    # Written there, too: a module shows whatever it imports.
    return found if lies_in(str(getattr(found, "__module__", "")), written) else None


def advice(target: Any) -> str:
    """Say what a `_target_` is and how to trust it; empty where that is already so, or no help."""
    module = str(target).rpartition(".")[0]
    top = module.partition(".")[0]
    refused = top in (*sys.stdlib_module_names, "brain_tumor", "torch", "lightning", "hydra")
    if not module or not _is_plain(str(target)) or lies_in(module, _trusted) or refused:
        return ""
    return f"code of others, which runs only where you trust it: if you do, add trust=[{top}]"


def _checked(modules: Any) -> tuple[str, ...]:
    listed = (modules,) if isinstance(modules, str) else () if modules is None else modules
    for name in listed if isinstance(listed, Sequence) else (listed,):
        if not isinstance(name, str) or not _is_plain(name):
            raise ConfigError(
                f"trust must list modules, as trust=[my_project]: {str(name)!r} is none."
            )
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names:
            raise ConfigError(
                f"trust names {name}, which is Python's own and can do anything: name the module "
                "with your network, loss or callback."
            )
        _see_working_directory()
        if find_spec(top) is None:
            raise ConfigError(
                f"trust names {name}, but there is no module {top}: install it, or type the "
                f"command in the folder that holds it (this one is {Path.cwd()})."
            )
    return tuple(listed)


def _see_working_directory() -> None:
    """Let modules beside the user's be imported, as `python -m` does it and a script does not."""
    here = str(Path.cwd())
    if not {"", here} & set(sys.path):
        sys.path.append(here)  # behind what is installed: nothing of that is taken for another
    importlib.invalidate_caches()


def _is_plain(target: str) -> bool:
    return all(part.isidentifier() and part[0] != "_" for part in target.split("."))


def _imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if not lies_in(module, _trusted):
            return None
        raise _unimportable(module, error) from error
    except Exception as error:  # whatever somebody's module does when it is imported
        raise _unimportable(module, error) from error


def _unimportable(module: str, error: Exception) -> ConfigError:
    return ConfigError(f"{module} cannot be imported ({type(error).__name__}: {one_line(error)}).")
