"""Fetch the report's set from Kaggle, at the version whose counts are known."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.errors import DataError
from brain_tumor.settings import Settings

Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class KaggleSettings(Settings, key="data.kaggle"):
    """A published version of a set on Kaggle: what `fetch_scans` takes, as it says there."""

    handle: str
    version: int
    counts: dict[str, dict[str, int]]


def fetch_scans(handle: str, version: int, counts: Counts) -> Path:
    """Download a Kaggle set with kagglehub, or take its copy from kagglehub's cache.

    Args:
        handle: `owner/name` on Kaggle.
        version: Version to ask for. Later versions of the report's set hold other scans.
        counts: Scans per folder and class that the version is known to have.

    Returns:
        The folder that holds `Training` and `Testing`.

    Raises:
        DataError: No network, no access, or other scans than the version is known to have.
    """
    import kagglehub  # here, because it opens a network session and most runs read a folder

    try:
        root = Path(kagglehub.dataset_download(f"{handle}/versions/{version}"))
    except Exception as error:  # its own, requests' and urllib3's kinds: all mean "not to be had"
        raise DataError(
            f"The scans could not be fetched from Kaggle ({type(error).__name__}). Next steps: "
            f"connect to the network and run this again; download version {version} of "
            f"{handle} elsewhere and give its folder as data.root=... or in BRAIN_TUMOR_DATA; "
            "or use data=phantom to try the program on drawn scans."
        ) from error
    check_counts(root, counts)
    return root


def check_counts(root: Path, counts: Counts) -> None:
    """Compare the files under `root` with the known counts per folder and class.

    Raises:
        DataError: A count differs.
    """
    classes = sorted({label for folder in counts.values() for label in folder})
    found = Counter((scan.part, scan.label) for scan in FolderSource(root, None, classes).scans())
    for folder, label, number, expected in differing_counts(found, counts):
        raise DataError(
            f"{root / folder / label} holds {number} scans where the known version has "
            f"{expected}: delete {root} and fetch it again, or give the folder as "
            "data.root=... to use it as it is."
        )


def differing_counts(
    found: Mapping[tuple[str, str], int], counts: Counts
) -> list[tuple[str, str, int, int]]:
    """Compare counts with those of the known version.

    Args:
        found: Scans by folder and class; none where one is missing.
        counts: Scans of the known version, per folder and class.

    Returns:
        Folder, class, scans found and scans expected, wherever the last two differ.

    Example:
        >>> differing_counts({("Testing", "glioma"): 3}, {"Testing": {"glioma": 3, "notumor": 2}})
        [('Testing', 'notumor', 0, 2)]
    """
    return [
        (folder, label, found.get((folder, label), 0), expected)
        for folder, labels in counts.items()
        for label, expected in labels.items()
        if found.get((folder, label), 0) != expected
    ]
