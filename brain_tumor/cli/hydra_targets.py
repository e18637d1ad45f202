"""What Hydra does before a command begins: it builds its own classes, its plugins' and ours alone.

A folder given by `--config-dir` may be somebody else's. Hydra imports and calls whatever a
`_target_` below `hydra` names, and changes the environment and the working directory, by which
programs and modules are found.
"""

import importlib
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import hydra._internal.hydra
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import DictConfig, OmegaConf

from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.errors import ConfigError
from brain_tumor.runs.identity import flatten, within
from brain_tumor.settings import repr_short
from brain_tumor.trust import lies_in

# By the group below `hydra`: modules whose classes may stand there.
PLACES = {
    "callbacks": ("brain_tumor.cli.sweep", "hydra.experimental.callbacks"),
    "launcher": ("hydra._internal.core_plugins", "hydra_plugins"),
    "sweeper": ("hydra._internal.core_plugins",),  # `tune` searches
    "job_logging": ("logging", "colorlog"),
    "hydra_logging": ("logging", "colorlog"),
}
NAMING = ("_target_", "class", "()")  # keys whose value is imported
PLAIN = ("${hydra.job.name}",)  # whole values that are looked up, and are text
STREAMS = ("ext://sys.stdout", "ext://sys.stderr")
# What leads to other programs and modules, or holds lines for a shell.
OURS_ALONE = (
    *("hydra.job.env_set", "hydra.job.chdir"),
    *("hydra.launcher.setup", "hydra.launcher.additional_parameters"),
)


class CheckedLoader(ConfigLoaderImpl):
    """Composes as Hydra does, and refuses what must not be built."""

    def load_configuration(
        self, config_name: str | None, overrides: list[str], *args: Any, **kwargs: Any
    ) -> DictConfig:
        """Compose a command's configuration, as far as `check_hydra` allows it."""
        config = super().load_configuration(config_name, overrides, *args, **kwargs)
        check_hydra(config, overrides)
        return config


def guard_hydra() -> None:
    """Let Hydra compose by `CheckedLoader` from now on, in this process."""
    hydra._internal.hydra.ConfigLoaderImpl = CheckedLoader  # type: ignore[attr-defined]


def check_hydra(config: DictConfig, words: Sequence[str]) -> None:
    """Make sure that Hydra builds only its own classes and ours, and does only what was typed.

    ConfigError where a class is another one, a foreign folder gives a value of `OURS_ALONE`, or a
    configuration says of its own what was typed.
    """
    raw: Any = OmegaConf.to_container(config.hydra, resolve=False)
    if sorted(raw["overrides"]["hydra"] + raw["overrides"]["task"]) != sorted(words):
        raise ConfigError("hydra.overrides is what was typed: leave it out of the configuration.")
    typed = [word.lstrip("+").partition("=")[0] for word in words]
    foreign = foreign_folders(config.hydra)
    for key, value in flatten(raw, "hydra").items() if foreign else ():
        if value and within(key, OURS_ALONE) and not within(key, typed):
            raise ConfigError(
                f"{key} is not taken from {' or '.join(foreign)}: if you trust it, type it as "
                + shlex.quote(f"{key}={value}")
            )
    for group, places in PLACES.items():
        for key, value in texts(raw.get(group), f"hydra.{group}"):
            named = key.rpartition(".")[2] in NAMING
            if named and not _is_class_in(value, places):
                raise ConfigError(
                    f"{key} is {repr_short(value)}, but only a class of {' or '.join(places)} can "
                    "stand there: leave it out."
                )
            # What is looked up may turn into a group that is built.
            whole = value.startswith("${") and value.endswith("}") and value.count("${") == 1
            outside = value.startswith(("ext://", "cfg://")) and value not in STREAMS
            if (whole and value not in PLAIN) or outside:
                raise ConfigError(f"{key} is {repr_short(value)}: write the value itself.")


def foreign_folders(node: Any) -> list[str]:
    """Name the folders beside our `conf` that a configuration is composed from."""
    return [
        str(source.path)
        for source in node.runtime.config_sources
        if source.schema == "file" and Path(source.path).resolve() != conf_folder().resolve()
    ]


def texts(node: Any, key: str) -> Iterator[tuple[str, str]]:
    """Give every text of nested values, lists too, and what is imported, with its dotted key."""
    if isinstance(node, str) or (node is not None and key.rpartition(".")[2] in NAMING):
        yield key, str(node)
    if isinstance(node, (dict, list)):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for name, value in pairs:
            yield from texts(value, f"{key}.{name}")


def _is_class_in(target: str, places: tuple[str, ...]) -> bool:
    module, _, name = target.rpartition(".")
    if not lies_in(module, places):
        return False
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return False
    # Written there, too: a module shows whatever it imports.
    return isinstance(found, type) and lies_in(found.__module__, places)
