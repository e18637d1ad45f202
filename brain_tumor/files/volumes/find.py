"""Which of some files are volumes, and the chosen slices of each."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import NoReturn

from brain_tumor.files.dicom import PREAMBLE, is_dicom
from brain_tumor.files.other_formats import BEGIN, is_nifti
from brain_tumor.files.parallel import each
from brain_tumor.files.scans import Grey, ScanError, UnreadableScanError
from brain_tumor.files.source import Scan
from brain_tumor.files.volumes.dicom_series import find_series
from brain_tumor.files.volumes.slices import VolumeSettings, chosen_slices
from brain_tumor.files.volumes.volume import ENDINGS, VolumeFiles, read_nifti


def find_volumes(files: Sequence[Path]) -> list[VolumeFiles]:
    """Find the volumes among files, by their content; other files are passed over.

    A NIfTI file that is damaged counts by its name, so that its reason can be told.
    """
    begins = list(zip(files, each(_begin, files), strict=True))
    volumes = [
        VolumeFiles(path, (path,), partial(read_nifti, path))
        for path, begin in begins
        if begin is not None and (path.name.lower().endswith(ENDINGS) or is_nifti(begin))
    ]
    series = find_series(
        path for path, begin in begins if begin and is_dicom(begin[:PREAMBLE], path.name)
    )
    alone = Counter(path.parent for one in series for path in one.files[:1])
    inside = Counter(path.parent for path in files)
    for one in series:
        folder = one.files[0].parent
        complete = alone[folder] == 1 and inside[folder] == len(one.files)
        complete = complete and all(path.parent == folder for path in one.files)
        volumes.append(replace(one, place=folder) if complete else one)
    return volumes


class SliceReader:
    """Reads the chosen slices of volumes. Threads may share it.

    Slices are asked for one by one; those of the last volumes are held, so that each volume is read
    once as long as they are asked for in order.
    """

    def __init__(self, settings: VolumeSettings) -> None:
        self._settings = settings
        self._held = lru_cache(2 * (os.cpu_count() or 1))(self._read)
        self._locks: dict[Path, Lock] = {}

    def slices(self, volume: VolumeFiles) -> dict[int, Grey]:
        """Give the chosen slices of a volume by number (`slices.chosen_slices`).

        Raises:
            UnreadableScanError: A file cannot be read.
            UndecodableScanError: It is no volume, or shows nothing.
        """
        # Two threads want slices of one volume: the second waits for the first.
        with self._locks.setdefault(volume.place, Lock()):
            return self._held(volume)

    def scans(self, volume: VolumeFiles, scan: Scan) -> list[Scan]:
        """Give a scan for each chosen slice, else as it is; one that cannot be read says why."""
        try:
            numbers = list(self.slices(volume))
        except ScanError as error:  # listed once, with its reason
            return [replace(scan, pixels=partial(_refuse, error))]
        return [
            replace(scan, frame=number, pixels=partial(self.slice, volume, number))
            for number in numbers
        ]

    def slice(self, volume: VolumeFiles, number: int) -> Grey:
        """Give one of them; raises likewise, also where a file has changed."""
        found = self.slices(volume)
        if number not in found:
            raise UnreadableScanError("it changed while it was read")
        return found[number]

    def _read(self, volume: VolumeFiles) -> dict[int, Grey]:
        try:
            return chosen_slices(volume.read(), self._settings)
        except OSError as error:
            raise UnreadableScanError(str(error.strerror)) from error


def without_ending(path: str) -> str:
    """Give a path without `.nii` or `.nii.gz`."""
    ending = next((one for one in reversed(ENDINGS) if path.lower().endswith(one)), "")
    return path[: len(path) - len(ending)]


def _begin(path: Path) -> bytes | None:
    """Read the first bytes of a file, none of one that is shut; None of what is no file."""
    try:
        if not path.is_file():  # a pipe would wait for its writer
            return None
        with path.open("rb") as file:
            return file.read(BEGIN)
    except OSError:
        return b""


def members(volumes: Iterable[VolumeFiles]) -> dict[Path, VolumeFiles]:
    """Give the volume of each file that is part of one."""
    return {path: volume for volume in volumes for path in volume.files}


def _refuse(problem: ScanError) -> NoReturn:
    raise problem
