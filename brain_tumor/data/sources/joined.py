"""Several sets as one: classes joined by name, duplicates found across them by what prepares it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from brain_tumor.data.sources.figshare import FigshareSource
from brain_tumor.files.source import Scan, ScanSource


class JoinedSource(ScanSource):
    """The scans of several sets, one set after the other.

    A scan's path begins with the name of its set, and so does its patient, as another set may call
    another patient 1. The patients of the Figshare set keep their names: other sets were made from
    it.
    """

    def __init__(self, sources: Mapping[str, ScanSource]) -> None:
        self._sources = dict(sources)
        self.root = Path(" and ".join(self._sources))  # for messages: paths begin with its parts

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of all sets, those of the first one first."""
        return tuple(dict.fromkeys(c for one in self._sources.values() for c in one.classes))

    def scans(self) -> Sequence[Scan]:
        """List the scans of each set."""
        return [
            _renamed(scan, name, source)
            for name, source in self._sources.items()
            for scan in source.scans()
        ]


def _renamed(scan: Scan, name: str, source: ScanSource) -> Scan:
    own = "" if isinstance(source, FigshareSource) else f"{name}/"
    return replace(
        scan,
        path=f"{name}/{scan.path}",
        source=name,
        file=scan.file or source.root / scan.path,
        patient=scan.patient and f"{own}{scan.patient}",
        patient_group=scan.patient_group and f"{own}{scan.patient_group}",
    )
