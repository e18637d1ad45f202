"""From raw scans to a prepared set: "Dataset & Preprocessing" of the report, whole."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brain_tumor.data.groups.near_duplicates import find_near_duplicates
from brain_tumor.data.groups.patients import read_tables
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.fingerprint import BEFORE, digest_files, fingerprint_of, scan_facts
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.data.prepared.manifest import KEPT, UNUSABLE
from brain_tumor.data.prepared.mark_duplicates import mark_clusters, mark_duplicates
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.prepared.read_and_crop import Cutter, Entry, cut_scans
from brain_tumor.data.prepared.write import open_or_write, write_prepared
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.files.source import Scan, ScanSource
from brain_tumor.settings import Settings

CROPPING, COMPARING = "cropping scans", "comparing scans"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class PrepareSettings(Settings, key="data"):
    """What is done to the scans."""

    classes: tuple[str, ...]  # names of class folders; their order numbers the labels
    crop: CropSettings
    harmonise: HarmoniseSettings  # of the kept scans; duplicates are sought before that
    near_duplicates: NearDuplicateSettings
    patients: Path | dict[str, Path] | None = None  # a table, or those of joined sets by name

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [name for name in self.classes if Path(name).name == name]
        if {"", ".."} & set(names) or len(set(names)) < max(len(self.classes), 2):
            raise ConfigError(
                "data.classes must be two or more different names of folders: "
                f"{list(self.classes)!r}"
            )
        resolution = self.harmonise.resolution
        if resolution is not None and resolution > self.crop.size:
            raise ConfigError(
                f"data.harmonise.resolution must be at most data.crop.size, {self.crop.size}: "
                f"{resolution}"
            )


def prepare_scans(
    source: ScanSource,
    settings: PrepareSettings,
    directory: Path,
    name: str,
    progress: Progress | None = None,
    found: Callable[[Sequence[Scan]], None] | None = None,
) -> PreparedSet:
    """Crop and dedupe every scan of a source, or open what an earlier call made of the same.

    The set is named by a fingerprint of the scans' contents and the settings.

    Args:
        source: Lists the scans.
        settings: What is done to the scans.
        directory: Where prepared sets are kept.
        name: First part of the folder's name.
        progress: Called with the step's name, how much of it is done, and how much there is.
        found: Called with the scans that the source lists, before the work starts.

    Raises:
        DataError: The source is not as expected, no scan of a class is usable, or the patient
            table is no such table.
    """
    show_progress = progress or silent
    root, scans = source.root, list(source.scans())
    check_scans(scans, settings.classes, root)
    if found is not None:
        found(scans)
    table = read_tables(settings.patients)
    digests = digest_files(root, scans)
    fingerprint = fingerprint_of(digests, asdict(settings), table, facts=scan_facts(scans))

    def write(folder: Path) -> None:
        cutter = Cutter(root, settings.crop, settings.harmonise, table, digests)
        cut = cut_scans(cutter, scans, folder, lambda *done: show_progress(CROPPING, *done))
        begun = time.perf_counter()
        pairs = find_near_duplicates(
            cut.frames, settings.near_duplicates, lambda *done: show_progress(COMPARING, *done)
        )
        seconds = time.perf_counter() - begun
        steps = mark_duplicates(cut.entries, [scan.part for scan in scans])
        mark_clusters(cut.entries, pairs, settings.near_duplicates.same_slice)
        summary = summarise(cut.entries, steps, settings, seconds) | {"fingerprint": fingerprint}
        missing = [label for label, count in summary["classes"].items() if not count]
        if missing:
            raise DataError(
                f"{root} has no usable scan of {', '.join(missing)}: {odd_files(cut.entries)}; "
                "check the files, or give another data.root."
            )
        write_prepared(folder, cut, pairs, summary)

    return open_or_write(directory / f"{name}-{fingerprint[:12]}", write)


def check_places(scans: Sequence[Scan], root: Path) -> None:
    """Make sure that a source lists every scan once, and below its folder."""
    names: set[str] = set()
    for scan in scans:
        if scan.name in names:
            raise DataError(f"{root}: the scan {scan.name} is listed twice; list it once.")
        names.add(scan.name)
        if scan.path.startswith("/") or ".." in scan.path.split("/"):
            raise DataError(
                f"{root}: the scan {scan.name} lies outside that folder; give paths below it, or a "
                "folder that holds all scans as data.root=FOLDER."
            )


def check_scans(scans: Sequence[Scan], classes: Sequence[str], root: Path) -> None:
    """Make sure that a source lists what can be prepared: every class has scans, and no other."""
    check_places(scans, root)
    found = {scan.label for scan in scans}
    if unknown := sorted(found - set(classes)):
        raise DataError(
            f"{root} has scans of {', '.join(unknown)}, which is no class ({', '.join(classes)}): "
            f"map it, as data.names={{{unknown[0]}: CLASS}}, or set data.classes."
        )
    if missing := [label for label in classes if label not in found]:
        there = [label for label in classes if label in found]
        less = f', or leave it out by "data.classes=[{",".join(there)}]"' if there[1:] else ""
        raise DataError(
            f"{root} has no scan of {', '.join(missing)}: copy scans of it there{less}."
        )


def fingerprint_before(
    source: ScanSource, settings: PrepareSettings, near_duplicates: Mapping[str, Any]
) -> str:
    """Give the fingerprint under which version 0.6 would have prepared the same scans.

    Pixels of 8 bits that lie upright are the same as then. Others 0.6 read otherwise (it scaled 16
    bits and floats by their maximum), so a run of 0.6 is scored on slightly other pixels where its
    prepared set is gone. `near_duplicates` are the thresholds of then.
    """
    table = read_tables(settings.patients)
    digests = digest_files(source.root, list(source.scans()))
    then = asdict(settings) | {"near_duplicates": dict(near_duplicates)}
    return fingerprint_of(digests, then, table, BEFORE)


def summarise(
    entries: Sequence[Entry], steps: Mapping[str, int], settings: PrepareSettings, seconds: float
) -> dict[str, Any]:
    """Count what became of the files, and note how: the content of `summary.json`."""
    counts = Counter(entry["label"] for entry in entries if entry["status"] == KEPT)
    return {
        "raw": len(entries),
        "duplicates": dict(steps),
        "kept": counts.total(),
        "classes": {label: counts[label] for label in settings.classes},
        "unusable": sum(entry["status"] == UNUSABLE for entry in entries),
        "crop": asdict(settings.crop),
        "harmonise": asdict(settings.harmonise),
        "near_duplicates": asdict(settings.near_duplicates),
        "seconds": {COMPARING: round(seconds, 3)},
    }


def odd_files(entries: Sequence[Entry]) -> str:
    """Name some unusable files with their reasons."""
    odd = [entry for entry in entries if entry["status"] == UNUSABLE]
    return "; ".join(f"{entry['path']} is {entry['reason']}" for entry in odd[:3])


def silent(step: str, done: int, total: int) -> None:
    """Show nothing."""
