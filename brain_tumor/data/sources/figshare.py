"""The Figshare set as a source: 3,064 slices of 233 patients (`files.figshare`)."""

import re
from functools import cached_property, partial
from pathlib import Path

from brain_tumor.data.sources.names import Names, check_names
from brain_tumor.errors import DataError
from brain_tumor.files.figshare import CLASSES, FigshareSlice, read_figshare
from brain_tumor.files.folders import check_folder, files_below
from brain_tumor.files.parallel import each
from brain_tumor.files.read import read_scan_file
from brain_tumor.files.scans import Grey, ScanError
from brain_tumor.files.source import Scan, ScanSource

LAYOUT = "the folder that the set's four archives were unpacked into, with 1.mat to 3064.mat"


class FigshareSource(ScanSource):
    """Every `.mat` file below a folder, with class and patient from inside it.

    A patient's identifier and a slice's number are those of the patient table `figshare`, so that a
    slice of this set is known again in sets that were made from it.

    Raises:
        ConfigError: `names` names a label that the set does not have.
        DataError: The folder holds no `.mat` file, or one that is none of the set's.
    """

    def __init__(self, root: Path, names: Names | None = None) -> None:
        check_folder(root, f"give {LAYOUT}, as data.root=FOLDER")
        self.root, self._names = root, names or {}
        check_names(self._names, sorted(CLASSES.values()), None, "the Figshare set", "label")

    @property
    def classes(self) -> tuple[str, ...]:
        """The three classes, or what they are called here, sorted."""
        called = {self._names.get(label, label) for label in CLASSES.values()}
        return tuple(sorted(label for label in called if label is not None))

    def scans(self) -> list[Scan]:
        """List the slices by path, those numbered alone by number."""
        return self._scans

    @cached_property
    def _scans(self) -> list[Scan]:
        found = [path for path in files_below(self.root) if path.suffix.lower() == ".mat"]
        if not found:
            raise DataError(f"{self.root} holds no .mat file: give {LAYOUT}, as data.root=FOLDER.")
        scans = each(self._scan, sorted(found, key=_place))
        return [scan for scan in scans if scan is not None]

    def _scan(self, path: Path) -> Scan | None:
        name = path.relative_to(self.root).as_posix()
        try:
            known = _read(path)
        except ScanError as error:
            raise DataError(
                f"{path} is no slice of the Figshare set ({error}): fetch it again, or take it "
                "away."
            ) from error
        label = self._names.get(known.label, known.label)
        if label is None:
            return None
        return Scan(
            name,
            label,
            patient=known.patient,
            # Identifiers that differ by a letter at the end may be one person (`patients.csv`).
            patient_group=re.sub(r"(?<=\d)[A-Z]$", "", known.patient),
            slice_id=f"figshare-{path.stem}" if path.stem.isdecimal() else "",
            pixels=partial(_grey, path),
        )


def _place(path: Path) -> tuple[int, str]:
    return (int(path.stem) if path.stem.isdecimal() else 0, path.as_posix())


def _read(path: Path) -> FigshareSlice:
    return read_figshare(read_scan_file(path))


def _grey(path: Path) -> Grey:
    return _read(path).grey
