"""From a composed configuration to the prepared set and its split.

Apart from `build`, so that `python -m brain_tumor.prepare` need not wait for torch.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from brain_tumor.data.crop import CropSettings
from brain_tumor.data.harmonise import HarmoniseSettings
from brain_tumor.data.kaggle import fetch_scans
from brain_tumor.data.near_duplicates import NearDuplicateSettings
from brain_tumor.data.patients import FIGSHARE
from brain_tumor.data.phantom import write_phantoms
from brain_tumor.data.prepared import PreparedSet
from brain_tumor.data.preparing import PrepareSettings, prepare_scans
from brain_tumor.data.split import FILE, Split, SplitSettings, split_scans
from brain_tumor.data.split_file import read_split, refuse_straddling
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.runtime.preparing_bar import preparing_bar

T = TypeVar("T")
SOURCES = ("kaggle", "phantom", "folder")


def raw_folder(data: DictConfig) -> Path:
    """Give the folder of raw scans: the one that is configured, else drawn or fetched.

    Raises:
        DataError: There is none and none can be had.
    """
    if data.source not in SOURCES:
        raise ConfigError(f"data.source is {data.source!r}: choose one of {', '.join(SOURCES)}.")
    # An environment variable that is set to nothing counts as not set.
    root = Path(str(data.root)).expanduser() if data.root else None
    if data.source == "kaggle" and root is None:
        return fetch_scans(
            data.kaggle.handle, data.kaggle.version, plain_values(data.kaggle.counts)
        )
    if root is None:
        raise ConfigError(f"data.root is not given: name a folder where data.source={data.source}.")
    if data.source == "phantom":
        with Console().status(f"drawing phantom scans into {root}"):
            _filled(partial(write_phantoms, root), data.phantom, "data.phantom")
    return root


def build_prepared(data: DictConfig) -> PreparedSet:
    """Prepare the configured scans, or open what was prepared from the same before.

    Shows a progress bar on a terminal.
    """
    root = raw_folder(data)
    settings = PrepareSettings(
        tuple(data.classes),
        _filled(CropSettings, data.crop, "data.crop"),
        _filled(HarmoniseSettings, data.harmonise, "data.harmonise"),
        _filled(NearDuplicateSettings, data.near_duplicates, "data.near_duplicates"),
        patient_table(data.patients),
    )
    directory = Path(str(data.prepared)).expanduser()
    with preparing_bar() as progress:
        prepared = prepare_scans(root, settings, directory, str(data.name), progress)
    refuse_strange_table(prepared, data.patients, root)
    return prepared


def patient_table(patients: str | None) -> Path | None:
    """Find a configured patient table: `figshare` is our own, null is none."""
    if patients is None:
        return None
    return FIGSHARE if patients == "figshare" else Path(str(patients)).expanduser()


def refuse_strange_table(prepared: PreparedSet, patients: str | None, root: Path) -> None:
    """Make sure that a patient table which was given is one of these scans.

    Raises:
        DataError: It names none of them.
    """
    if patients not in (None, "figshare") and not any(row.patient for row in prepared.manifest):
        raise DataError(
            f"The patient table {patients} names no file of {root}: its paths have to be "
            "relative to that folder, or its digests those of the files."
        )


def build_split(prepared: PreparedSet, split: DictConfig) -> Split:
    """Split the kept scans as configured.

    Raises:
        DataError: The scans cannot be split so, or a group stands on two sides of a split that is
            not meant to leak.
    """
    settings = _filled(SplitSettings, split, "split")
    if settings.name == FILE:
        rows = {row.path: row.row for row in prepared.manifest}
        made = read_split(Path(str(settings.path)).expanduser(), rows)
    else:
        folders = [row.folder for row in prepared.kept]
        made = split_scans(prepared.labels, folders, prepared.groups, settings)
    if not settings.leaky:
        paths = [row.path for row in prepared.kept]
        refuse_straddling(made, prepared.groups, paths, settings.path or settings.name)
    return made


def plain_values(node: DictConfig | None) -> dict[str, Any]:
    """Give a group of the configuration as plain values, by name.

    Raises:
        ConfigError: It is no group of named values.
    """
    values = OmegaConf.to_container(node, resolve=True) if node is not None else None
    if not isinstance(values, dict):
        raise ConfigError(f"A group of named values was expected, not {values!r}.")
    return {str(key): value for key, value in values.items()}


def _filled(target: Callable[..., T], node: DictConfig, key: str) -> T:
    try:
        return target(**plain_values(node))
    except TypeError as error:  # an unknown name, or a value of another kind
        raise ConfigError(f"{key} does not fit: {error}.") from error
