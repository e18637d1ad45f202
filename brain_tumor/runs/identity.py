"""What makes two runs the same: one table of configured values, read wherever runs are matched.

Every value counts unless it stands here. A run resumes under the values it was begun with, a sweep
skips runs that are already there, a study continues, and a comparison pools the seeds and folds of
one setting: each of them leaves out some of the roles below.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any

from omegaconf import DictConfig, OmegaConf

from brain_tumor.runs.provenance import installed


class Role(Enum):
    """What a configured value is for."""

    REQUEST = auto()  # how a run is asked for
    PLACE = auto()  # where files lie
    SPEED = auto()  # changes no number
    THREADS = auto()  # changes the last bits of numbers
    SOURCE = auto()  # where scans come from; the prepared set's fingerprint tells which they are
    OUTPUT = auto()  # what is shown and written of a result
    REPEAT = auto()  # a repetition of one setting: seeds and folds


ROLES: dict[str, Role] = {
    "resume": Role.REQUEST,
    "allow_changes": Role.REQUEST,
    "skip_finished": Role.REQUEST,
    "remark": Role.REQUEST,
    "verbose": Role.REQUEST,
    "trust": Role.REQUEST,
    "runs": Role.PLACE,
    "run_folder": Role.PLACE,
    "data.root": Role.PLACE,
    "data.prepared": Role.PLACE,
    "data.num_workers": Role.SPEED,
    "keep_freed_memory": Role.SPEED,
    "threads": Role.THREADS,
    "data.source": Role.SOURCE,
    "data.table": Role.SOURCE,
    "data.names": Role.SOURCE,
    "data.sources": Role.SOURCE,
    "data.sets": Role.PLACE,
    "data._target_": Role.SOURCE,
    "data.arguments": Role.SOURCE,
    "data.healthy": Role.OUTPUT,
    "data.kaggle": Role.SOURCE,
    "data.patients": Role.SOURCE,
    "evaluation": Role.OUTPUT,
    "logger": Role.OUTPUT,
    "callbacks.pictures": Role.OUTPUT,
    "data.report": Role.OUTPUT,
    "seed": Role.REPEAT,
    "split.seed": Role.REPEAT,
    "split.fold": Role.REPEAT,
}

# Where the same number comes from the same values: two such runs are one run.
SAME_RUN = (Role.REQUEST, Role.PLACE)
# What a run that resumes may have otherwise without being asked twice.
SAME_TRAINING = (*SAME_RUN, Role.SPEED)
# What runs of one setting may differ in: a comparison pools them.
SAME_SETTING = tuple(Role)

# What a checkpoint's state belongs to: another value would be overruled by it, or break it.
FIXED_BY_CHECKPOINT = (
    *("data", "split", "model", "training", "loss", "optimizer", "scheduler", "seed"),
)

# What runs did that were trained before these could be chosen: with it they are one run, or one
# setting, with later ones. By the network that has such a value; None for all.
DEFAULTS_BEFORE: dict[str | None, dict[str, Any]] = {
    None: {
        "training.label_smoothing": 0.0,
        "training.backbone_rate": 1.0,
        "training.softmax_twice": False,
        "loss._target_": "brain_tumor.models.losses.CrossEntropy",
        "loss.class_weights": None,
        "augment.per_batch": False,
        "data.names": None,
        "data.sampler": None,
        "data.kaggle.counted": 1,
    },
    "gbmnet": {"model.head": "flatten"},
    "mobilenetv2": {"model.unfreeze": 0, "model.frozen_statistics": True},
}


def keys_of(roles: Iterable[Role]) -> tuple[str, ...]:
    """Give the dotted keys of some roles."""
    wanted = set(roles)
    return tuple(key for key, kind in ROLES.items() if kind in wanted)


def within(key: str, groups: Iterable[str]) -> bool:
    """Tell whether a dotted key is one of some keys, or lies below one.

    Example:
        >>> within("data.crop.size", ["data"]), within("database", ["data"])
        (True, False)
    """
    return any(f"{key}.".startswith(f"{group}.") for group in groups)


def flatten(node: Any, prefix: str = "") -> dict[str, Any]:
    """Name every value of nested mappings by its dotted key; lists are values.

    A configuration is resolved.

    Example:
        >>> flatten({"model": {"name": "gbmnet"}, "seed": 0})
        {'model.name': 'gbmnet', 'seed': 0}
    """
    if OmegaConf.is_config(node):
        node = OmegaConf.to_container(node, resolve=True)
    if not isinstance(node, Mapping):
        return {prefix: node}
    flat: dict[str, Any] = {}
    for key, value in node.items():
        flat |= flatten(value, f"{prefix}.{key}" if prefix else str(key))
    return flat


def moved(value: Any, old: str, new: str) -> Any:
    """Give nested values with what lies in the folder `old`, names of values too, in `new`."""
    if isinstance(value, dict):
        return {moved(name, old, new): moved(one, old, new) for name, one in value.items()}
    if isinstance(value, list):
        return [moved(one, old, new) for one in value]
    inside = isinstance(value, str) and f"{value}{os.sep}".startswith((f"{old}/", f"{old}{os.sep}"))
    return new + value[len(old) :] if inside else value


def setting_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a run shares with all runs of its setting, by dotted key.

    Of its values by dotted key, `run_folder` among them, these are left out: `SAME_SETTING`, paths
    inside the run folder, and what is null.
    """
    home, left_out = f"{config['run_folder']}/", keys_of(SAME_SETTING)

    def counts(key: str, value: Any) -> bool:
        if value is None or within(key, left_out):
            return False
        return not (isinstance(value, str) and value.startswith(home))

    return {key: value for key, value in _completed(config).items() if counts(key, value)}


def run_fingerprint(config: DictConfig) -> str:
    """Give the fingerprint of a configuration and of the package's version, as 64 hex digits.

    Two runs of one fingerprint and the same scans are the same run. A path inside the run folder,
    or inside the folder of raw scans, counts by what it is called there.
    """
    values, left_out = _completed(flatten(config)), keys_of(SAME_RUN)
    counted = {key: value for key, value in values.items() if not within(key, left_out)}
    for name in ("run_folder", "data.root"):
        if values.get(name) is not None:
            counted = moved(counted, str(values[name]), f"<{name}>")
    counted["brain-tumor"] = installed("brain-tumor")
    text = json.dumps(counted, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _completed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Add what could not be chosen yet when a run was trained."""
    before = DEFAULTS_BEFORE[None] | DEFAULTS_BEFORE.get(values.get("model.name"), {})
    # Evaluation named that class for itself.
    return before | {"data.healthy": values.get("evaluation.healthy")} | dict(values)
