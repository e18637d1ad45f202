"""From a composed configuration to the source of its scans: the one place that chooses it."""

from pathlib import Path

from omegaconf import DictConfig

from brain_tumor.arguments import check_arguments
from brain_tumor.config.data_settings import (
    DataSettings,
    data_settings,
    is_usual_healthy,
    usual_healthy,
)
from brain_tumor.config.values import check_values
from brain_tumor.data.phantom import write_phantoms
from brain_tumor.data.sources.figshare import FigshareSource
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.data.sources.joined import JoinedSource
from brain_tumor.data.sources.kaggle import fetch_scans
from brain_tumor.data.sources.table import TableSource
from brain_tumor.data.sources.volumes import VolumeSource
from brain_tumor.errors import ConfigError
from brain_tumor.files.source import ScanSource
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.rendering.terminal import live_console
from brain_tumor.settings import repr_short
from brain_tumor.trust import advice, find


def build_source(data: DataSettings) -> ScanSource:
    """Give the configured source of scans: of what is there, or is drawn or fetched first."""
    root = Path(data.root or "").expanduser()
    match data.source:
        case "own":
            return _own(data)
        case "joined":
            return JoinedSource({one.name: build_source(one) for one in data.joined})
        case "figshare":
            return FigshareSource(root, data.renamed)
        case "phantom":
            with live_console().status(f"drawing phantom scans into {root}"):
                write_phantoms(root, **vars(data.phantom))
        case "kaggle" if not data.root:  # empty, too: an environment variable set to nothing
            assert data.kaggle is not None  # the settings have seen to it
            root = fetch_scans(data.kaggle)
    files: ScanSource
    if data.source in ("csv", "volumes") and data.table:
        table, below = Path(data.table).expanduser(), root if data.root else None
        files = TableSource(table, below, data.renamed, data.classes)
    else:
        files = FolderSource(root, data.renamed, data.classes)
    if data.source == "volumes":
        return VolumeSource(files, data.volume or VolumeSettings())
    return files


def fill_classes(config: DictConfig, command: str) -> None:
    """Write the names of the classes into `data.classes` where it is null: the source knows them.

    Where none of them is `data.healthy`, the one that is called as healthy scans usually are takes
    its place (`usual_healthy`). So the configuration that a run keeps has them, wherever its scans
    are later.
    """
    data = check_values(config, command)["data"]
    if isinstance(data, dict) and data.get("classes", "") is None:
        settings = data_settings(data)
        classes, asked = build_source(settings).classes, settings.healthy
        config.data.classes = list(classes)
        # Another name that was asked for is not replaced: it may be a slip (`check_healthy`).
        if asked is not None and asked not in classes and is_usual_healthy(asked):
            config.data.healthy = usual_healthy(classes) or asked


def _own(data: DataSettings) -> ScanSource:
    target = data._target_
    found = find(target, ())
    if not isinstance(found, type) or not issubclass(found, ScanSource):
        why = advice(target) or "which is no ScanSource: docs/extend/data_set.md has an example"
        raise ConfigError(f"data._target_ is {repr_short(target)}, {why}.")
    arguments = dict(data.arguments)
    if data.root:
        arguments["root"] = Path(data.root).expanduser()
    check_arguments(found, arguments, "data.arguments")
    return found(**arguments)
