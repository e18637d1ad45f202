"""From a composed configuration to the prepared set and its split.

Apart from `build`, so that `python -m brain_tumor.prepare` need not wait for torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from brain_tumor.config.arguments import parse_settings
from brain_tumor.data.files.kaggle import KaggleSettings, fetch_scans
from brain_tumor.data.groups.patients import FIGSHARE
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.phantom import PhantomSettings, write_phantoms
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.data.prepared.prepare import PrepareSettings, prepare_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import FILE, Split, SplitSettings, split_scans
from brain_tumor.data.split_file import check_straddling, read_split
from brain_tumor.engine.preparation_bar import preparing_bar
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.settings import BatchSize, Settings, Workers


@dataclass(frozen=True)
class DataSettings(Settings, key="data"):
    """What stands under `data`.

    Attributes:
        name: First part of a prepared set's folder.
        source: Where raw scans come from.
        prepared: Where prepared sets are kept.
        classes: Class folder names.
        crop: How the head is found and cut.
        harmonise: What is taken out of the scans.
        near_duplicates: When two scans count as the same slice, and when as related.
        root: The raw folder; None or empty where it is fetched.
        patients: A patient table, `figshare`, or None.
        batch_size: Scans per batch.
        num_workers: Processes that cut batches.
        sampler: `balanced` shows every class equally often in an epoch; None every scan once.
        kaggle: What is fetched where there is no `root`.
        phantom: What phantoms are drawn.
        report: What the report counts; the audit reads it.

    Raises:
        ConfigError: A value is outside its range, missing, or contradicts another.
    """

    name: str
    source: Literal["kaggle", "phantom", "folder"]
    prepared: str
    classes: tuple[str, ...]
    crop: CropSettings
    harmonise: HarmoniseSettings
    near_duplicates: NearDuplicateSettings
    root: str | None = None
    patients: str | None = None
    batch_size: BatchSize = 32
    num_workers: Workers = 0
    sampler: Literal["balanced"] | None = None
    kaggle: KaggleSettings | None = None
    phantom: PhantomSettings | None = None
    report: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if Path(self.name).name != self.name or "\0" in self.name:
            raise ConfigError(f"data.name must be the name of a folder: {self.name!r}")
        if not self.root and self.source != "kaggle":
            raise ConfigError(
                f"data.root is not given: name a folder where data.source={self.source}."
            )
        if not self.root and self.kaggle is None:
            raise ConfigError("data.kaggle is not given: name a folder as data.root=...")
        if self.source == "phantom" and self.phantom is None:
            raise ConfigError("data.phantom is not given: choose data=phantom.")
        _ = self.preparation

    @property
    def preparation(self) -> PrepareSettings:
        """What is done to the scans."""
        return PrepareSettings(
            self.classes,
            self.crop,
            self.harmonise,
            self.near_duplicates,
            patient_table(self.patients),
        )


def data_settings(node: Mapping[Any, Any]) -> DataSettings:
    """Read what stands under `data`; no file is looked at.

    Raises:
        ConfigError: A name is unknown or missing, or a value of the wrong kind or outside its
            range.
    """
    return parse_settings(DataSettings, node, "data")


def raw_folder(data: DataSettings) -> Path:
    """Give the folder of raw scans: the one that is configured, else drawn or fetched.

    Raises:
        DataError: There is none and none can be had.
    """
    # An environment variable that is set to nothing counts as not set.
    if not data.root:
        assert data.kaggle is not None  # the settings have seen to it
        return fetch_scans(**vars(data.kaggle))
    root = Path(data.root).expanduser()
    if data.source == "phantom":
        with Console().status(f"drawing phantom scans into {root}"):
            write_phantoms(root, **vars(data.phantom))
    return root


def build_prepared(data: DataSettings) -> PreparedSet:
    """Prepare the configured scans, or open what was prepared from the same before.

    Shows a progress bar on a terminal.
    """
    root = raw_folder(data)
    directory = Path(data.prepared).expanduser()
    with preparing_bar() as progress:
        prepared = prepare_scans(root, data.preparation, directory, data.name, progress)
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


def split_settings(node: Mapping[Any, Any]) -> SplitSettings:
    """Read what a split is made by.

    Raises:
        ConfigError: A name is unknown, or a value of the wrong kind or outside its range.
        DataError: Its file is not there.
    """
    settings = parse_settings(SplitSettings, node, "split")
    check_split_file(settings)
    return settings


def check_split_file(settings: SplitSettings, key: str = "split") -> None:
    """Make sure that the file of a split is there.

    Raises:
        DataError: It is not.
    """
    if settings.path is not None and not Path(settings.path).expanduser().is_file():
        raise DataError(
            f"There is no file {settings.path}: give a CSV file with the columns path and part as "
            f"{key}.path=PATH."
        )


def build_split(prepared: PreparedSet, settings: SplitSettings) -> Split:
    """Split the kept scans as configured.

    Raises:
        DataError: The scans cannot be split so, or a group stands on two sides of a split that is
            not meant to leak.
    """
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
