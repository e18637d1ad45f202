"""A command's module that can be called, so that `brain_tumor.train` is folder and function."""

import sys
from collections.abc import Callable
from importlib import import_module
from inspect import Signature, signature
from types import ModuleType
from typing import Any


class CallablePackage(ModuleType):
    """A module that is called as the function of its name in `brain_tumor.api`.

    Importing `brain_tumor.train.fit` binds the folder to the name `brain_tumor.train`. A function
    in its place would be hidden by it, or hide what lies in it.
    """

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function."""
        return _function(self)(*arguments, **named)

    @property
    def __signature__(self) -> Signature:
        """What the function takes, for `help` and notebooks."""
        return signature(_function(self))

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        """What the function says of itself."""
        return _function(self).__doc__

    @staticmethod
    def make(name: str) -> None:
        """Let a module that is being imported be called, unless Python runs it as a program."""
        if name != "__main__":
            sys.modules[name].__class__ = CallablePackage


def _function(module: ModuleType) -> Callable[..., Any]:
    name = module.__name__.rpartition(".")[2]
    found: Callable[..., Any] = getattr(import_module("brain_tumor.api"), name)
    return found
