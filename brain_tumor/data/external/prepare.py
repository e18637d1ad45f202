"""Scans of other origin, prepared for a run as its own were, without those that it has seen."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from brain_tumor.data.external.overlap import (
    compare_with,
    find_overlap,
    training_scans,
    write_overlap,
)
from brain_tumor.data.groups.patients import read_patients
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.fingerprint import digest_files, fingerprint_of, scan_facts
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.data.prepared.manifest import SEEN, ManifestRow
from brain_tumor.data.prepared.mark_duplicates import mark_clusters, mark_duplicates
from brain_tumor.data.prepared.prepare import (
    COMPARING,
    CROPPING,
    PrepareSettings,
    Progress,
    check_places,
    odd_files,
    silent,
    summarise,
)
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.prepared.read_and_crop import Cutter, Entry, cut_scans
from brain_tumor.data.prepared.write import open_or_write, write_prepared
from brain_tumor.data.split import Split
from brain_tumor.errors import DataError
from brain_tumor.files.source import ScanSource

SEEN_FILE = "seen.csv"


def prepare_external(
    source: ScanSource,
    names: Mapping[str, str | None],
    run: PreparedSet,
    split: Split,
    patients: Path | None,
    directory: Path,
    name: str,
    progress: Progress | None = None,
) -> PreparedSet:
    """Prepare scans that a run is to be scored on, or open what an earlier call made of the same.

    They are cut and harmonised by the settings of the run's own prepared set. Left out are files
    that are not usable, scans that the run was fitted or selected by (`find_overlap`), and
    exact copies of an earlier scan of the folder.

    The source lists scans of the run's classes, of which some may be missing; `names` are those
    that it maps. The prepared set has `seen.csv` beside its manifest. Where the run's scans are not
    at hand (`reopen.without_scans`), nothing is left out for them and there is no such file.

    Raises:
        DataError: The source is not as expected, no scan of it is left, or the patient table is no
            such table.
    """
    show_progress = progress or silent
    settings = _settings_of(run, patients)
    root, scans = source.root, list(source.scans())
    check_places(scans, root)
    table = None if patients is None else read_patients(patients)
    made_for = {
        "run": run.fingerprint,
        "names": dict(sorted(names.items())),
        "train": split.train.tolist(),
        "validation": split.validation.tolist(),
    }
    digests = digest_files(root, scans)
    fingerprint = fingerprint_of(
        digests, asdict(settings) | made_for, table, facts=scan_facts(scans)
    )

    def write(folder: Path) -> None:
        cutter = Cutter(root, settings.crop, settings.harmonise, table, digests)
        cut = cut_scans(cutter, scans, folder, lambda *done: show_progress(CROPPING, *done))
        begun = time.perf_counter()
        training = training_scans(run, split)
        inside, across = compare_with(
            training,
            [ManifestRow(**entry) for entry in cut.entries],
            cut.frames,
            settings.near_duplicates,
            lambda *done: show_progress(COMPARING, *done),
        )
        seconds = time.perf_counter() - begun
        mark_clusters(cut.entries, inside, settings.near_duplicates.same_slice)
        overlapping = find_overlap(
            training, [ManifestRow(**entry) for entry in cut.entries], across
        )
        for position, scan in overlapping.items():
            cut.entries[position] |= {
                "status": SEEN,
                "reason": scan.reason,
                "duplicate_of": scan.training_scan,
            }
        # To a run all of them are for testing, whatever folder they lie in.
        steps = mark_duplicates(cut.entries, ["Testing"] * len(scans))
        summary = summarise(cut.entries, steps, settings, seconds)
        if not summary["kept"]:
            raise _nothing_left(root, cut.entries, len(overlapping), run)
        checked = bool(training.rows)
        summary |= {"seen": len(overlapping) if checked else None}
        summary |= {"names": made_for["names"], "run": run.fingerprint}
        write_prepared(folder, cut, inside, summary | {"fingerprint": fingerprint})
        if checked:
            write_overlap(folder / SEEN_FILE, list(overlapping.values()))

    return open_or_write(directory / f"{name}-{fingerprint[:12]}", write)


def _settings_of(run: PreparedSet, patients: Path | None) -> PrepareSettings:
    return PrepareSettings(
        run.classes,
        CropSettings(**run.summary["crop"]),
        HarmoniseSettings(**run.summary["harmonise"]),
        NearDuplicateSettings.of(run.summary["near_duplicates"]),
        patients,
    )


def _nothing_left(
    root: Path, entries: Sequence[Entry], overlapping: int, run: PreparedSet
) -> DataError:
    if not overlapping:
        return DataError(
            f"{root} has no usable scan: {odd_files(entries)}; check the files, or give another "
            "data.root."
        )
    own = {row.file_md5 for row in run.manifest}
    remedy = "give scans of other origin as data.root=FOLDER"
    if all(entry["file_md5"] in own for entry in entries):
        remedy = (
            "these are the run's own files, so if they have moved give root=FOLDER, and scans of "
            "other origin as data.root=FOLDER"
        )
    scans = "the only usable scan" if overlapping == 1 else f"all {overlapping:,} usable scans"
    return DataError(
        f"There is nothing to score in {root}, as the run was trained on or selected by near-"
        f"duplicates of {scans}: {remedy}."
    )
