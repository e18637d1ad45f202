"""Which classes a configuration may name by `_target_`, and in which place.

A configuration may come with somebody else's run folder. What it names is built, so each place of
it takes classes of one kind alone, from the modules that hold them or from those that the user
trusts (`brain_tumor/trust.py`): `torch.hub.load` or `torch.utils.cpp_extension.load_inline` would
run whatever they are told to.
"""

import importlib
from dataclasses import dataclass, replace
from importlib.util import find_spec
from types import FunctionType
from typing import Any

from lightning.fabric.plugins import CheckpointIO, ClusterEnvironment, Precision
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.plugins import LayerSync
from lightning.pytorch.profilers import Profiler
from lightning.pytorch.strategies import Strategy
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from brain_tumor.errors import ConfigError, nearest, suggest
from brain_tumor.models.schedules import TOTAL_STEPS
from brain_tumor.settings import repr_short
from brain_tumor.trust import advice, find, lies_in


@dataclass(frozen=True)
class Kind:
    """What may be built in a place of the configuration: a subclass of one of `bases`.

    It has to come from `modules`, or what lies below them, and be written there, or in
    `written_in`, where that is less; trusted modules count, too. The program calls it later with
    the arguments `later`, if there are any, and calls a function with the first `called_with` of
    its own; 0 where none can stand there.
    `inside` are kinds that its arguments may be.
    """

    what: str
    bases: tuple[type, ...]
    modules: tuple[str, ...]
    later: tuple[str, ...] = ()
    inside: tuple["Kind", ...] = ()
    written_in: tuple[str, ...] = ()
    called_with: int = 0

    def is_met_by(self, found: object) -> bool:
        """Tell whether what was found in its modules can stand there."""
        if isinstance(found, FunctionType):
            return self.called_with > 0
        if getattr(found, "_is_protocol", False):  # such as `Augment`: there is nothing to build
            return False
        return isinstance(found, type) and issubclass(found, self.bases)


_PLUGIN = Kind(
    "a plugin of Lightning",
    (Precision, CheckpointIO, ClusterEnvironment, LayerSync),
    ("lightning.pytorch.plugins", "lightning.fabric.plugins"),
)
_STRATEGY = Kind(
    "a strategy of Lightning", (Strategy,), ("lightning.pytorch.strategies",), inside=(_PLUGIN,)
)
_PROFILER = Kind("a profiler of Lightning", (Profiler,), ("lightning.pytorch.profilers",))

_AUGMENT = "brain_tumor.data.transforms"
_TRANSFORM = Kind(
    "a transform of torchvision v2, Kornia or MONAI, or one of ours",
    (object,),
    (
        *(f"{_AUGMENT}.{name}" for name in ("report", "mri", "nearest", "chain")),
        "torchvision.transforms.v2",
        "kornia.augmentation",
        "monai.transforms",
    ),
    # MONAI's others read and write files, or run what they are given.
    written_in=(
        _AUGMENT,
        "torchvision.transforms.v2",
        "kornia.augmentation",
        *(f"monai.transforms.{name}" for name in ("intensity", "spatial", "smooth_field")),
        "monai.transforms.croppad",
    ),
    called_with=1,
)
_NESTING = replace(_TRANSFORM, inside=(_TRANSFORM,))  # such as RandomApply

# Each is an extra of its own name. Lightning has the loggers of two, whether they are there or not.
OPTIONAL = ("kornia", "monai", "wandb", "mlflow")
NEEDS = {"WandbLogger": "wandb", "MLFlowLogger": "mlflow"}

# By the first part of the key.
ALLOWED_TARGETS = {
    "augment": replace(_TRANSFORM, what="an augmentation", inside=(_NESTING,)),
    "loss": Kind(
        "a loss of torch or ours",
        (object,),
        ("torch.nn", "brain_tumor.models.losses"),
        written_in=("torch.nn.modules.loss", "brain_tumor.models.losses"),
        called_with=2,
    ),
    "optimizer": Kind("an optimizer of torch", (Optimizer,), ("torch.optim",), later=("params",)),
    "scheduler": Kind(
        "a schedule of torch or ours",
        (LRScheduler,),
        ("torch.optim.lr_scheduler", "brain_tumor.models.schedules"),
        later=("optimizer", TOTAL_STEPS),
    ),
    "trainer": Kind(
        "Lightning's Trainer",
        (Trainer,),
        ("lightning.pytorch",),
        inside=(_STRATEGY, _PROFILER, _PLUGIN),
    ),
    "callbacks": Kind(
        "a callback of Lightning's or ours",
        (Callback,),
        ("lightning.pytorch.callbacks", "brain_tumor.train.callbacks", "brain_tumor.engine"),
    ),
    "logger": Kind("a logger of Lightning", (Logger,), ("lightning.pytorch.loggers",)),
}


def find_class(target: object, key: str, allowed: tuple[Kind, ...]) -> tuple[Any, Kind]:
    """Find the class, or the function, that a `_target_` names, and which kind of `allowed` it is.

    ConfigError where it is no such class, or comes from elsewhere and is not trusted.
    """
    library = NEEDS.get(str(target).rpartition(".")[2], str(target).partition(".")[0])
    if allowed and library in OPTIONAL and find_spec(library) is None:
        raise ConfigError(f'{key}._target_ needs {library}: pip install "brain-tumor[{library}]"')
    for kind in allowed:
        found = find(target, kind.modules, kind.written_in)
        if kind.is_met_by(found):
            return found, kind
    known = [name for kind in allowed for name in _names(kind)]
    others = advice(target)
    if allowed and others and nearest(str(target), known) is None:
        raise ConfigError(f"{key}._target_ is {repr_short(target)}, {others}.")
    wanted = " or ".join(kind.what for kind in allowed) or "a plain value"
    raise ConfigError(
        f"{key}._target_ is {repr_short(target)}, but only {wanted} can stand there: "
        + suggest(str(target), known, limit=20)
    )


def _names(kind: Kind) -> list[str]:
    # What takes seconds to import is not, for a suggestion.
    places = [one for one in kind.modules if one.partition(".")[0] not in OPTIONAL]
    return [
        f"{place}.{name}"
        for place in places
        for name, found in vars(importlib.import_module(place)).items()
        if kind.is_met_by(found)
        and lies_in(found.__module__, kind.written_in or kind.modules)
        and name[0] != "_"
    ]
