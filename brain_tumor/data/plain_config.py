"""A configuration from anywhere: plain values alone, as many as its file spells out."""

import io
from pathlib import Path

import yaml
from omegaconf import DictConfig, OmegaConf

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
        reference = next(filter(None, map(_reference, yaml.parse(text))), None)
        config = None if reference else OmegaConf.load(io.StringIO(text))
    except Exception as error:  # YAML, OmegaConf and the file system have their own kinds
        raise DataError(f"{path} is damaged: take another run folder.") from error
    if reference:
        raise DataError(
            f"{path} holds a reference ({reference}), which training never "
            "writes: take the folder as training left it."
        )
    if not isinstance(config, DictConfig):
        raise DataError(f"{path} is no configuration: take another run folder.")
    return config


def _reference(event: yaml.Event) -> str | None:
    if isinstance(event, yaml.AliasEvent):
        return "*name"
    return "${...}" if isinstance(event, yaml.ScalarEvent) and "${" in event.value else None
