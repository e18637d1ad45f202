"""Volumes as a source: what another source lists, with slices in place of volumes."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from brain_tumor.errors import DataError
from brain_tumor.files.folders import files_below
from brain_tumor.files.parallel import each
from brain_tumor.files.source import Scan, ScanSource
from brain_tumor.files.volumes.find import SliceReader, find_volumes, members, without_ending
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.files.volumes.volume import VolumeFiles


class VolumeSource(ScanSource):
    """The chosen slices of each volume that another source names.

    Class, part and patient are those that the source has: its scan may name a NIfTI file, the files
    of a DICOM series, or the folder that these lie in. A series whose patient it does not know is
    of its PatientID's, a NIfTI file of a patient called as the file, who may be another file's.
    Pictures stay scans as they are.
    """

    def __init__(self, source: ScanSource, settings: VolumeSettings) -> None:
        self.root, self._source = source.root, source
        self._reader = SliceReader(settings)

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the other source."""
        return self._source.classes

    def scans(self) -> Sequence[Scan]:
        """List the slices of each volume in the place of its first file; DataError without one."""
        return self._scans

    @cached_property
    def volumes(self) -> list[VolumeFiles]:
        """What there is of volumes among the files that the other source names."""
        return find_volumes(list(dict.fromkeys(one for _, own in self._listed for one in own)))

    @cached_property
    def _listed(self) -> list[tuple[Scan, list[Path]]]:
        """What the other source names: the scan, and the files that are there."""
        listed = [(scan, self.root / scan.path) for scan in self._source.scans()]
        return [
            (scan, sorted(files_below(path)) if path.is_dir() else [path]) for scan, path in listed
        ]

    @cached_property
    def _scans(self) -> list[Scan]:
        volumes = self.volumes
        if not volumes:
            raise DataError(
                f"{self.root} holds no NIfTI file and no DICOM series: give volumes as "
                "data.root=FOLDER, or data=folder for pictures."
            )
        volume_of = members(volumes)
        listed: list[tuple[Scan, VolumeFiles | None]] = []
        done: set[Path] = set()
        for scan, files in self._listed:
            own = dict.fromkeys(volume_of[one] for one in files if one in volume_of)
            new = [volume for volume in own if volume.place not in done]
            done |= {volume.place for volume in new}
            listed += [(scan, volume) for volume in new] if own else [(scan, None)]
        return [one for found in each(self._slices, listed) for one in found]

    def _slices(self, listed: tuple[Scan, VolumeFiles | None]) -> list[Scan]:
        scan, volume = listed
        if volume is None:
            return [scan]
        path = volume.place.relative_to(self.root).as_posix()
        known = scan.patient or volume.patient
        one = replace(
            scan,
            path=path,
            patient=known or without_ending(path),
            # Another file may show the same person, such as in another sequence.
            patient_group=scan.patient_group if known else None,
        )
        return self._reader.scans(volume, one)


def with_volumes(source: ScanSource, settings: VolumeSettings) -> ScanSource:
    """Give a source of what another one lists, with slices in place of volumes if it names some."""
    found = VolumeSource(source, settings)
    return found if found.volumes else source
