"""The best trial as an experiment that `train` runs, `experiment/best.yaml` below the study."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import hydra
from omegaconf import DictConfig, OmegaConf

from brain_tumor.config.conf_folder import composing
from brain_tumor.runs.identity import flatten
from brain_tumor.trust import typed_again

Choices = Mapping[str, str | None]

EXPERIMENT = Path("experiment", "best.yaml")
# What a recipe is not: where things lie, and how a run is gone on with.
_LEFT_OUT = ("name", "runs", "run_folder", "resume", "allow_changes")


def best_experiment(config: DictConfig, choices: Choices, said: str) -> str:
    """Write a trial's configuration as YAML of an experiment: choices of groups, values beside.

    `config` is not resolved, `choices` are Hydra's (`hydra.runtime.choices`), `said` is how it was
    chosen, one or more lines. Composed into `conf/train.yaml` it gives the trial's values, all but
    its name and where it lies.
    """
    with composing():
        default = hydra.compose("train", return_hydra_config=True).hydra.runtime.choices
        chosen = {
            group: "null" if choices[group] is None else str(choices[group])
            for group in reversed(list(choices))
            if group in default and not group.startswith(("hydra/", "experiment", "debug"))
        }
        plain = hydra.compose("train", [f"{group}={name}" for group, name in chosen.items()])
    values = OmegaConf.create({"name": f"{config.name}_tuned"})
    for key, value in _differences(_flat(plain), _flat(config)).items():
        OmegaConf.update(values, key, value, force_add=True)
    lines = ["# @package _global_", *(f"# {line}" for line in said.splitlines()), "defaults:"]
    lines += [f"  - override /{group}: {name}" for group, name in chosen.items()]
    return "\n".join(lines) + "\n" + OmegaConf.to_yaml(values)


def best_command(folder: str) -> str:
    """Give the command that trains the best of a study; its folder is given as it is typed."""
    words = f"--config-dir {shlex.quote(folder)} experiment=best{typed_again()}"
    return f"python -m brain_tumor.train {words}"


def _flat(config: DictConfig) -> dict[str, Any]:
    nested = cast(dict[str, Any], OmegaConf.to_container(config, resolve=False))
    return flatten({key: value for key, value in nested.items() if key not in _LEFT_OUT})


def _differences(plain: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    changed = {key: value for key, value in own.items() if key not in plain or plain[key] != value}
    emptied = [key for key, value in own.items() if value is None]
    gone = {
        key: None
        for key in plain
        if key not in own and not any(key.startswith(f"{group}.") for group in emptied)
    }
    # Where a group was emptied and is filled now, `plain` has it as one value.
    return changed | {
        key: value for key, value in gone.items() if not any(k.startswith(f"{key}.") for k in own)
    }
