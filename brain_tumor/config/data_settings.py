"""What stands under `data` in a configuration."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
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
from brain_tumor.data.sources.names import Names
from brain_tumor.errors import ConfigError, nearest
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.settings import BatchSize, Settings, Workers

# Where raw scans come from; `config/source.py` builds each kind.
Kind = Literal["kaggle", "phantom", "folder", "csv", "figshare", "volumes", "joined", "own"]
# What a kind cannot do without, and the preset of conf/data that says more.
_NEEDED: dict[str, tuple[str, ...]] = {
    "phantom": ("root",),
    "folder": ("root",),
    "figshare": ("root",),
    "csv": ("table",),
    "volumes": ("root", "table"),
    "joined": ("sets",),
    "own": ("_target_",),
}
# What scans without a tumour are called in public sets, in lower case, without spaces and signs.
_HEALTHY = (
    *("notumor", "notumour", "notumors", "notumours", "healthy", "normal"),
    *("negative", "no", "control", "controls"),
)
# Kinds that do not read `names`, and where these are to be given.
_NAMES_ELSEWHERE = {
    "joined": "give it beside its set, as data.sources=[{data: CHOICE, names: {NAME: CLASS}}]",
    "own": "let scans() name the classes",
}


@dataclass(frozen=True)
class DataSettings(Settings, key="data"):
    """What stands under `data`.

    Attributes:
        name: First part of a prepared set's folder.
        source: Where raw scans come from.
        prepared: Where prepared sets are kept.
        crop: How the head is found and cut.
        harmonise: What is taken out of the scans.
        near_duplicates: When two scans count as the same slice, and when as related.
        classes: Class names, in the order of their numbers; None takes those that the source
            names.
        names: Class of each folder or label that is not named by it; None leaves one out.
        healthy: The class without a tumour; None where there is none.
        root: The raw folder; None or empty where it is fetched.
        table: A CSV file that lists the scans (`csv`, `volumes`).
        volume: Which slices of a volume become scans (`volumes`).
        sources: What is joined, as it was asked for (`joined`).
        sets: What these are, with all of their values (`joined`).
        patients: A patient table, `figshare`, or None.
        batch_size: Scans per batch.
        num_workers: Processes that cut batches.
        sampler: `balanced` shows every class equally often in an epoch; None every scan once.
        kaggle: What is fetched where there is no `root`.
        phantom: What phantoms are drawn.
        report: What the report counts; the audit reads it.
        _target_: A `ScanSource` in a module that the user trusts (`own`).
        arguments: What it is called with, beside `root` where that is given.

    Raises:
        ConfigError: A value is outside its range, missing, or contradicts another.
    """

    name: str
    source: Kind
    prepared: str
    crop: CropSettings
    harmonise: HarmoniseSettings
    near_duplicates: NearDuplicateSettings
    classes: tuple[str, ...] | None = None
    names: dict[Any, str | None] | None = None
    healthy: str | None = None
    root: str | None = None
    table: str | None = None
    patients: str | None = None
    batch_size: BatchSize = 32
    num_workers: Workers = 0
    sampler: Literal["balanced"] | None = None
    kaggle: KaggleSettings | None = None
    phantom: PhantomSettings | None = None
    report: dict[str, Any] | None = None
    _target_: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    volume: VolumeSettings | None = None
    sources: tuple[Any, ...] | None = None
    sets: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if Path(self.name).name != self.name or "\0" in self.name:
            raise ConfigError(f"data.name must be the name of a folder: {self.name!r}")
        needed = _NEEDED.get(self.source, ())
        if needed and not any(getattr(self, key) for key in needed):
            raise ConfigError(
                f"data.{needed[0]} is not given: add data.{needed[0]}=VALUE, as data.source is "
                f"{self.source}."
            )
        if not self.root and self.source == "kaggle" and self.kaggle is None:
            raise ConfigError("data.kaggle is not given: name a folder as data.root=...")
        if self.source == "phantom" and self.phantom is None:
            raise ConfigError("data.phantom is not given: choose data=phantom.")
        if self.names and self.source in _NAMES_ELSEWHERE:  # a value that is ignored would mislead
            raise ConfigError(
                f"data.names is not read where data.source is {self.source}: "
                f"{_NAMES_ELSEWHERE[self.source]}."
            )
        # Whatever the classes are called, if only the source knows.
        self.preparation(self.classes or ("one", "other"))

    @property
    def place(self) -> str:
        """Where the scans come from, in words."""
        joined = " and ".join(one.name for one in self.joined)
        return self.root or self.table or joined or "fetched from Kaggle"

    @cached_property
    def joined(self) -> tuple["DataSettings", ...]:
        """What each of the joined sets is; ConfigError where two are called alike."""
        own = {key: getattr(self, key) for key in ("prepared", "crop", "harmonise")}
        own["near_duplicates"] = self.near_duplicates
        found = tuple(parse_settings(DataSettings, {**one, **own}, "data") for one in self.sets)
        names = [one.name for one in found]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(
                    f"data.sources names two sets {name}: give one another name, as "
                    f"{{data: folder, root: FOLDER, name: NAME}}."
                )
        return found

    def preparation(self, classes: Sequence[str]) -> PrepareSettings:
        """Give what is done to scans of some classes."""
        return PrepareSettings(
            tuple(classes),
            self.crop,
            self.harmonise,
            self.near_duplicates,
            self._tables(),
        )

    def _tables(self) -> Path | dict[str, Path] | None:
        if not self.sets:
            return patient_table(self.patients)
        tables = {one.name: patient_table(one.patients) for one in self.joined}
        return {name: path for name, path in tables.items() if path is not None}

    @property
    def renamed(self) -> Names:
        """`names`; a folder may be called 1, which YAML takes for a number."""
        return text_names(self.names)


def data_settings(node: DictConfig | Mapping[str, Any]) -> DataSettings:
    """Read what stands under `data`; no file is looked at."""
    return parse_settings(DataSettings, node, "data")


def text_names(names: Mapping[Any, str | None] | None) -> dict[str, str | None]:
    """Give configured names of classes by text: a folder may be called 1, a number to YAML."""
    return {str(name): label for name, label in (names or {}).items()}


def patient_table(patients: str | None) -> Path | None:
    """Find a configured patient table: `figshare` is our own, null is none."""
    if patients is None:
        return None
    return FIGSHARE if patients == "figshare" else Path(str(patients)).expanduser()


def is_usual_healthy(name: str) -> bool:
    """Tell whether scans without a tumour are usually called so, in any spelling of it."""
    return re.sub(r"[\W_]", "", name).lower() in _HEALTHY


def usual_healthy(classes: Sequence[str]) -> str | None:
    """Find the class that is called as scans without a tumour usually are; None if not just one.

    Example:
        >>> usual_healthy(["Healthy", "tumour"]), usual_healthy(["yes", "maybe"])
        ('Healthy', None)
    """
    found = [name for name in classes if is_usual_healthy(name)]
    return found[0] if len(found) == 1 else None


def check_healthy(healthy: str | None, classes: Sequence[str] | None, key: str) -> None:
    """Make sure that the class without a tumour is not merely misspelt."""
    if healthy is None or classes is None or healthy in classes:
        return
    if is_usual_healthy(healthy):  # `tumour` is near `notumour`, but no slip of it
        classes = [name for name in classes if is_usual_healthy(name)]
    near = nearest(healthy, classes)
    if near is not None:
        raise ConfigError(
            f"{key} is {healthy!r}, which is no class: did you mean {near}? Set data.healthy."
        )


def healthy_note(healthy: str | None, classes: Sequence[str]) -> str | None:
    """Say that tumour scores are left out, where no class is without a tumour; else None."""
    if healthy in classes:
        return None
    called = f"is called {healthy}" if healthy else "is named as the one without a tumour"
    return (
        f"Tumour or no tumour is not scored, as no class {called}: if one of {', '.join(classes)} "
        "is without, add data.healthy=CLASS."
    )
