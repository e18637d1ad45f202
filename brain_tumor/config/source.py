"""From a composed configuration to the source of its scans: the one place that chooses it."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from brain_tumor.config.data_settings import DataSettings
from brain_tumor.data.files.source import ScanSource
from brain_tumor.data.phantom import write_phantoms
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.data.sources.kaggle import fetch_scans


def build_source(data: DataSettings) -> ScanSource:
    """Give the configured source of scans: a folder that is there, or is drawn or fetched first.

    Raises:
        DataError: There is none and none can be had, or it is not as expected.
    """
    return SOURCES[data.source](data)


def _folder(data: DataSettings) -> ScanSource:
    return FolderSource(Path(str(data.root)).expanduser(), None, data.classes)


def _phantom(data: DataSettings) -> ScanSource:
    root = Path(str(data.root)).expanduser()
    with Console().status(f"drawing phantom scans into {root}"):
        write_phantoms(root, **vars(data.phantom))
    return _folder(data)


def _kaggle(data: DataSettings) -> ScanSource:
    # An environment variable that is set to nothing counts as not set.
    if data.root:
        return _folder(data)
    assert data.kaggle is not None  # the settings have seen to it
    return FolderSource(fetch_scans(**vars(data.kaggle)), None, data.classes)


# By `data.source`. A kind of one's own is a function here, its preset in conf/data.
SOURCES: dict[str, Callable[[DataSettings], ScanSource]] = {
    "folder": _folder,
    "phantom": _phantom,
    "kaggle": _kaggle,
}
