"""The configured scans and what was prepared from them: there, and whole."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from brain_tumor.doctor.finding import Finding, broken, ok, warning
from brain_tumor.doctor.machine import Machine
from brain_tumor.errors import DataError

if TYPE_CHECKING:  # imports OpenCV, which may be what is broken
    from brain_tumor.data.files.scans import Scan


def scans(machine: Machine) -> Iterator[Finding]:
    """Look for the raw scans, count them, and decode one of every class and folder."""
    data = machine.config.data
    if machine.opencv.error("opencv"):
        yield broken("scans", "not looked at, because cv2 does not import", "mend opencv first")
        return
    root, fetched = raw_root(machine)
    if root is None and data.source != "kaggle":
        yield broken("scans", f"data.root is not given, nor data={data.source}", "data.root=FOLDER")
        return
    if root is None:
        yield warning(
            "scans",
            f"{data.kaggle.handle} will be downloaded from Kaggle by the first run",
            "data.root=FOLDER or BRAIN_TUMOR_DATA where you have it; data=phantom needs none",
        )
        return
    if data.source == "phantom" and not root.exists():
        yield ok("scans", f"phantoms will be drawn into {root}: they teach nothing about brains")
        return
    from brain_tumor.data.files.scans import find_scans

    try:
        found = find_scans(root, tuple(data.classes))
    except (DataError, OSError) as error:
        yield broken("scans", str(error), "then look again")
        return
    drawn = ", drawn ones: they teach nothing about brains" if data.source == "phantom" else ""
    counts = Counter((scan.folder, scan.label) for scan in found)
    differing = _differing(machine, counts)
    if differing:
        tell = broken if fetched else warning
        yield tell(
            "scans",
            f"{root} holds {len(found):,} files, and not those of the known version: {differing}",
            f"delete {root} and fetch it again" if fetched else "nothing, if they are meant",
        )
    else:
        known = "" if data.get("kaggle") is None else ", the counts of the known version"
        yield ok("scans", f"{len(found):,} files in {root}{known}{drawn}")
    yield from _decoded(root, found)


def prepared_sets(machine: Machine) -> Iterator[Finding]:
    """Open what was prepared under the configured name before."""
    if machine.opencv.error("opencv"):
        return  # said above
    from brain_tumor.data.prepared.prepared_set import open_prepared

    folders = prepared_folders(machine)
    whole = 0
    for folder in folders:
        try:
            open_prepared(folder)
            whole += 1
        except DataError as error:
            yield broken("prepared sets", str(error), f"delete {folder}")
    if not folders:
        yield ok("prepared sets", "none yet: the first run prepares the scans")
    elif whole:
        yield ok("prepared sets", f"{whole} of {len(folders)} in {folders[0].parent} open")


def raw_root(machine: Machine) -> tuple[Path | None, bool]:
    """Find the raw scans without fetching any.

    Returns:
        The folder, None where it would be downloaded; and whether it is Kaggle's cache.
    """
    data = machine.config.data
    if data.root:
        return Path(str(data.root)).expanduser(), False
    if data.source != "kaggle":
        return None, False
    cached = kaggle_cache(data.kaggle.handle, data.kaggle.version)
    return cached, cached is not None


def kaggle_cache(handle: str, version: int) -> Path | None:
    """Find what kagglehub has fetched whole; importing it would open a network session."""
    home = Path(os.environ.get("KAGGLEHUB_CACHE") or "~/.cache/kagglehub").expanduser()
    place = home / "datasets" / handle
    folder = place / "versions" / str(version)
    return folder if folder.is_dir() and (place / f"{version}.complete").exists() else None


def prepared_folders(machine: Machine) -> list[Path]:
    """Give the prepared sets of the configured name."""
    data = machine.config.data
    directory = Path(str(data.prepared)).expanduser()
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.glob(f"{data.name}-*") if path.is_dir())


def _differing(machine: Machine, counts: Counter[tuple[str, str]]) -> str:
    """Name the folders whose count is not that of the known version; empty where none is known."""
    kaggle = machine.config.data.get("kaggle")
    if kaggle is None:
        return ""
    from brain_tumor.data.files.kaggle import differing_counts

    expected: Any = OmegaConf.to_container(kaggle.counts)
    found = differing_counts(counts, expected)
    named = [f"{folder}/{label} {have} for {want}" for folder, label, have, want in found]
    return ", ".join(named[:3]) + (" and more" if len(named) > 3 else "")


def _decoded(root: Path, found: Sequence["Scan"]) -> Iterator[Finding]:
    from brain_tumor.data.files.scans import UndecodableScanError, decode_grey, read_scan

    first: dict[tuple[str, str], Scan] = {}
    for scan in found:
        first.setdefault((scan.folder, scan.label), scan)
    odd = []
    for scan in first.values():
        try:
            decode_grey(read_scan(root, scan))
        except (DataError, UndecodableScanError) as error:
            odd.append(f"{scan.path} ({error})")
    if odd:
        yield warning(
            "decoding",
            f"{len(odd)} of {len(first)} tried files cannot be decoded: {odd[0]}",
            "nothing: a run leaves such files out and names them; or fetch them again",
        )
    else:
        yield ok("decoding", f"{len(first)} files, one of every class and folder, decode")
