"""A configuration from anywhere: plain values alone, as many as its file spells out."""

import io
from pathlib import Path

import yaml
from omegaconf import DictConfig, ListConfig, OmegaConf

from brain_tumor.errors import DataError
from brain_tumor.files.bounded_file import read_file

MAX_BYTES = 2**20


def read_plain_config(path: Path) -> DictConfig:
    """Read a run's `config.yaml`, whoever wrote it.

    Raises:
        DataError: It is damaged, larger than 1 MiB, or refers to something else: to a variable of
            the environment (`${...}`), or to a part of itself (`*name`), by which 300 bytes could
            fill memory.
    """
    try:
        text = read_file(path, MAX_BYTES).decode()
        repeats = any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text))
        config = None if repeats else OmegaConf.load(io.StringIO(text))
    except Exception as error:  # YAML, OmegaConf and the file system have their own kinds
        raise DataError(f"{path} is damaged: take another run folder.") from error
    if not repeats and not isinstance(config, DictConfig):
        raise DataError(f"{path} is no configuration: take another run folder.")
    if not isinstance(config, DictConfig) or _refers(config):
        raise DataError(
            f"{path} holds a reference ({'*name' if repeats else '${...}'}), which training never "
            "writes: take the folder as training left it."
        )
    return config


def _refers(node: DictConfig | ListConfig) -> bool:
    names = range(len(node)) if isinstance(node, ListConfig) else list(node)
    for name in names:
        if OmegaConf.is_interpolation(node, name):
            return True
        value = None if OmegaConf.is_missing(node, name) else node[name]
        if isinstance(value, (DictConfig, ListConfig)) and _refers(value):
            return True
    return False
