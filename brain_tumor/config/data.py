"""From a composed configuration to the prepared set and its split.

Apart from `build`, so that `python -m brain_tumor.prepare` need not wait for torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.config.arguments import check_arguments, parse_settings, plain_values, repr_short
from brain_tumor.data.files.kaggle import fetch_scans
from brain_tumor.data.groups.patients import FIGSHARE
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.phantom import check_drawing, write_phantoms
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.data.prepared.prepare import PrepareSettings, prepare_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import FILE, Split, SplitSettings, split_scans
from brain_tumor.data.split_file import check_straddling, read_split
from brain_tumor.engine.preparation_bar import preparing_bar
from brain_tumor.errors import ConfigError, DataError, suggest

SOURCES = ("kaggle", "phantom", "folder")


@dataclass(frozen=True)
class DataValues:
    """What stands under `data`, by name, before anything of it is looked up.

    Attributes:
        name: First part of a prepared set's folder.
        source: Of `SOURCES`.
        prepared: Where prepared sets are kept.
        classes: Class folder names.
        crop: `CropSettings`.
        harmonise: `HarmoniseSettings`.
        near_duplicates: `NearDuplicateSettings`.
        root: The raw folder; None or empty where it is fetched.
        patients: A patient table, `figshare`, or None.
        batch_size: For training; None where nothing is trained.
        num_workers: Likewise.
        kaggle: `handle`, `version` and `counts`.
        phantom: What `write_phantoms` takes.
        report: What the report counts, for the audit.
    """

    name: str
    source: str
    prepared: str
    classes: list[str]
    crop: dict[str, Any]
    harmonise: dict[str, Any]
    near_duplicates: dict[str, Any]
    root: str | None = None
    patients: str | None = None
    batch_size: int | None = None
    num_workers: int | None = None
    kaggle: dict[str, Any] | None = None
    phantom: dict[str, Any] | None = None
    report: dict[str, Any] | None = None


def raw_folder(data: DictConfig) -> Path:
    """Give the folder of raw scans: the one that is configured, else drawn or fetched.

    Raises:
        DataError: There is none and none can be had.
    """
    # An environment variable that is set to nothing counts as not set.
    root = Path(str(data.root)).expanduser() if data.root else None
    if data.source == "kaggle" and root is None:
        return fetch_scans(
            data.kaggle.handle, data.kaggle.version, plain_values(data.kaggle.counts)
        )
    assert root is not None  # data_settings has seen to it
    if data.source == "phantom":
        with Console().status(f"drawing phantom scans into {root}"):
            parse_settings(partial(write_phantoms, root), data.phantom, "data.phantom")
    return root


def data_settings(data: DictConfig) -> PrepareSettings:
    """Read what `data` says of the scans; no file is looked at.

    Raises:
        ConfigError: A name is unknown or missing, or a value of the wrong kind or outside its
            range.
    """
    values = parse_settings(DataValues, data, "data")
    if Path(values.name).name != values.name or "\0" in values.name:
        raise ConfigError(f"data.name must be the name of a folder: {values.name!r}")
    if values.source not in SOURCES:
        raise ConfigError(
            f"data.source is {repr_short(values.source)}: {suggest(values.source, SOURCES)}"
        )
    if values.source == "kaggle" and not values.root:
        if values.kaggle is None:
            raise ConfigError("data.kaggle is not given: name a folder as data.root=...")
        check_arguments(fetch_scans, values.kaggle, "data.kaggle")
    elif not values.root:
        raise ConfigError(
            f"data.root is not given: name a folder where data.source={values.source}."
        )
    if values.source == "phantom":
        parse_settings(check_drawing, data.phantom, "data.phantom")
    return PrepareSettings(
        tuple(values.classes),
        parse_settings(CropSettings, data.crop, "data.crop"),
        parse_settings(HarmoniseSettings, data.harmonise, "data.harmonise"),
        parse_settings(NearDuplicateSettings, data.near_duplicates, "data.near_duplicates"),
        patient_table(values.patients),
    )


def build_prepared(data: DictConfig) -> PreparedSet:
    """Prepare the configured scans, or open what was prepared from the same before.

    Shows a progress bar on a terminal.
    """
    settings = data_settings(data)
    root = raw_folder(data)
    directory = Path(str(data.prepared)).expanduser()
    with preparing_bar() as progress:
        prepared = prepare_scans(root, settings, directory, str(data.name), progress)
    check_patient_table(prepared, data.patients, root)
    return prepared


def patient_table(patients: str | None) -> Path | None:
    """Find a configured patient table: `figshare` is our own, null is none."""
    if patients is None:
        return None
    return FIGSHARE if patients == "figshare" else Path(str(patients)).expanduser()


def check_patient_table(prepared: PreparedSet, patients: str | None, root: Path) -> None:
    """Make sure that a patient table which was given is one of these scans.

    Raises:
        DataError: It names none of them.
    """
    if patients not in (None, "figshare") and not any(row.patient for row in prepared.manifest):
        raise DataError(
            f"The patient table {patients} names no file of {root}: its paths have to be "
            "relative to that folder, or its digests those of the files."
        )


def split_settings(split: DictConfig | Mapping[str, Any], key: str = "split") -> SplitSettings:
    """Read what a split is made by.

    Args:
        split: Its settings.
        key: Where they stand.

    Raises:
        ConfigError: A name is unknown, or a value of the wrong kind or outside its range.
        DataError: Its file is not there.
    """
    settings = parse_settings(SplitSettings, split, key)
    if settings.path is not None and not Path(settings.path).expanduser().is_file():
        raise DataError(
            f"There is no file {settings.path}: give a CSV file with the columns path and part as "
            f"{key}.path=PATH."
        )
    return settings


def build_split(prepared: PreparedSet, split: DictConfig) -> Split:
    """Split the kept scans as configured.

    Raises:
        DataError: The scans cannot be split so, or a group stands on two sides of a split that is
            not meant to leak.
    """
    settings = split_settings(split)
    if settings.name == FILE:
        rows = {row.path: row.row for row in prepared.manifest}
        made = read_split(Path(str(settings.path)).expanduser(), rows)
    else:
        folders = [row.folder for row in prepared.kept]
        made = split_scans(prepared.labels, folders, prepared.groups, settings)
    if not settings.leaky:
        paths = [row.path for row in prepared.kept]
        check_straddling(made, prepared.groups, paths, settings.path or settings.name)
    return made
