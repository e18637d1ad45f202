"""A command without a command line: composed and checked alike, its errors raised."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.types import RunMode
from hydra.version import VersionBase
from omegaconf import DictConfig, open_dict

from brain_tumor.cli.command import own_trust, register_resolvers
from brain_tumor.cli.exit_status import user_message
from brain_tumor.cli.hydra_errors import REFUSALS, refusal
from brain_tumor.cli.hydra_targets import check_hydra
from brain_tumor.cli.last_run import fill_last
from brain_tumor.cli.words import expand
from brain_tumor.config.conf_folder import conf_folder
from brain_tumor.engine.allocator import keep_freed_memory
from brain_tumor.engine.ranks import shares_work
from brain_tumor.errors import BrainTumorError, ConfigError
from brain_tumor.trust import trusting

_WORDS = ("true", "false", "null", "nan", "inf")  # not text unless they are quoted


@contextmanager
def configured(command: str, words: Sequence[str]) -> Iterator[DictConfig]:
    """Give a command's configuration as the command line composes it, and turn errors into ours.

    Meanwhile Hydra holds it as the running job's, so that a run has its folder and knows what was
    asked for; afterwards it holds what it held before, such as a program of the caller's.
    """
    register_resolvers()
    words = expand(command, words)
    outer = GlobalHydra.instance().hydra, HydraConfig.instance().cfg
    version = VersionBase.instance().getbase()
    GlobalHydra.instance().clear()
    try:
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            config = _composed(command, words)
            if shares_work(config):
                raise ConfigError(
                    "trainer=ddp starts its command line again in every process: train with "
                    "python -m brain_tumor.train trainer=ddp, or take trainer=auto."
                )
            if config.get("keep_freed_memory") is True:
                keep_freed_memory()
            with trusting(own_trust(config)):
                fill_last(command, config)
                yield config
    except BrainTumorError:
        raise
    except Exception as error:
        message = user_message(error)
        if message is None:
            raise
        raise BrainTumorError(message) from error
    finally:
        GlobalHydra.instance().hydra, HydraConfig.instance().cfg = outer
        VersionBase.instance().version_base = version


def _composed(command: str, words: Sequence[str]) -> DictConfig:
    try:
        config = hydra.compose(command, list(words), return_hydra_config=True)
        folder = os.path.abspath(config.hydra.run.dir)  # noqa: PTH100 (as Hydra makes it)
    except REFUSALS as error:
        raise ConfigError(refusal(error, command, words)) from error
    check_hydra(config, words)
    with open_dict(config):
        config.hydra.runtime.output_dir = folder
        config.hydra.mode = RunMode.RUN
    HydraConfig.instance().set_config(config)
    task = config.copy()
    with open_dict(task):
        del task["hydra"]
    return task


def overrides_of(values: Mapping[str, Any]) -> list[str]:
    """Write values as they would be typed; those that are None are left out.

    Example:
        >>> overrides_of({"lr": 1e-5, "input": ["my scans"], "seed": None})
        ['lr=1e-05', "input=['my scans']"]
    """
    return [f"{key}={_typed(value)}" for key, value in values.items() if value is not None]


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_typed, value))}]"
    text: str = os.fspath(value)
    if text.isidentifier() and text.lower() not in _WORDS:
        return text
    return str(QuotedString(text, Quote.single).with_quotes())
