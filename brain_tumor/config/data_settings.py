"""What stands under `data` in a configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from omegaconf import DictConfig

from brain_tumor.config.arguments import parse_settings
from brain_tumor.data.groups.patients import FIGSHARE
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.phantom import PhantomSettings
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.data.prepared.prepare import PrepareSettings
from brain_tumor.data.sources.kaggle import KaggleSettings
from brain_tumor.errors import ConfigError
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


def data_settings(node: DictConfig | Mapping[str, Any]) -> DataSettings:
    """Read what stands under `data`; no file is looked at.

    Raises:
        ConfigError: A name is unknown or missing, or a value of the wrong kind or outside its
            range.
    """
    return parse_settings(DataSettings, node, "data")


def patient_table(patients: str | None) -> Path | None:
    """Find a configured patient table: `figshare` is our own, null is none."""
    if patients is None:
        return None
    return FIGSHARE if patients == "figshare" else Path(str(patients)).expanduser()
