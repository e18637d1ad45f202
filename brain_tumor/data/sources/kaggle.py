"""Fetch a set from Kaggle, and compare it with the counts of the version that is known."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.errors import DataError
from brain_tumor.settings import Range, Settings

Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class KaggleSettings(Settings, key="data.kaggle"):
    """A set on Kaggle."""

    handle: str  # `owner/name` there
    version: Annotated[int, Range(1)] | Literal["latest"]
    # Scans per part and class that the counted version is known to have. Another version holds
    # other scans, whose counts are printed and not compared.
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    counted: int = 1

    @property
    def known(self) -> Counts:
        """The counts of the configured version; empty where they are not known."""
        return self.counts if self.version == self.counted else {}


def fetch_scans(known: KaggleSettings) -> Path:
    """Give the folder of a Kaggle set, downloaded with kagglehub or from kagglehub's cache.

    Raises:
        DataError: No network, no access, or other scans than the version is known to have.
    """
    import kagglehub  # here, because it opens a network session and most runs read a folder

    latest = known.version == "latest"
    handle = known.handle if latest else f"{known.handle}/versions/{known.version}"
    try:
        root = Path(kagglehub.dataset_download(handle))
    except Exception as error:  # its own, requests' and urllib3's kinds: all mean "not to be had"
        version = "the latest version" if latest else f"version {known.version}"
        raise DataError(
            f"The scans could not be fetched from Kaggle ({type(error).__name__}). Next steps: "
            f"connect to the network and run this again; download {version} of "
            f"{known.handle} elsewhere and give its folder as data.root=... or, for the report's "
            "set, in BRAIN_TUMOR_DATA; or use data=phantom to try the program on drawn scans."
        ) from error
    check_counts(root, known.known)
    return root


def check_counts(root: Path, counts: Counts) -> None:
    """Raise `DataError` where a download has other counts per part and class than are known."""
    if not counts:
        return
    classes = sorted({label for part in counts.values() for label in part})
    found = Counter((scan.part, scan.label) for scan in FolderSource(root, None, classes).scans())
    for part, label, number, expected in differing_counts(found, counts):
        raise DataError(
            f"{root / part / label} holds {number} scans where the known version has "
            f"{expected}: the download is damaged. Delete it, as by {removal(root)}, to fetch it "
            f"again, or give the folder as data.root={root} to use it as it is."
        )


def removal(root: Path) -> str:
    """Give the command that deletes a download, with the file by which kagglehub knows it."""
    return f'rm -r "{root}" "{root.parents[1] / root.name}.complete"'


def differing_counts(
    found: Mapping[tuple[str, str], int], counts: Counts
) -> list[tuple[str, str, int, int]]:
    """Give part, class, scans found and scans expected, wherever the last two differ.

    Example:
        >>> differing_counts({("Testing", "glioma"): 3}, {"Testing": {"glioma": 3, "notumor": 2}})
        [('Testing', 'notumor', 0, 2)]
    """
    return [
        (part, label, found.get((part, label), 0), expected)
        for part, labels in counts.items()
        for label, expected in labels.items()
        if found.get((part, label), 0) != expected
    ]
