"""Which slice of which patient a scan shows, where a table tells."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from brain_tumor.errors import DataError
from brain_tumor.files.table_file import read_named_table

# Lies in the package: the slices of the Figshare set in the Kaggle set, its sources in its head.
FIGSHARE = Path(__file__).with_name("patients.csv")
_KEYS = ("file_md5", "path")


@dataclass(frozen=True)
class KnownSlice:
    """What a table says of a file."""

    patient: str
    patient_group: str  # patients that may be one person share it; the patient where there is none
    slice_id: str  # copies of a slice share it; empty if not known
    label: str  # that the table's source gives it; empty if not known


@dataclass(frozen=True)
class PatientTable:
    """Slices by the key of their file."""

    key: str  # `file_md5`, which survives renaming, or `path` relative to the raw root
    slices: dict[str, KnownSlice]

    def find(self, path: str, file_md5: str) -> KnownSlice | None:
        """Give what is known of a file, None if nothing is."""
        return self.slices.get(path if self.key == "path" else file_md5)


@dataclass(frozen=True)
class JoinedTable:
    """What the patient tables of joined sets say, by the names of the sets."""

    tables: Mapping[str, PatientTable]
    shared: frozenset[str] = frozenset()  # sets whose tables name patients as other sets do

    def find(self, path: str, file_md5: str) -> KnownSlice | None:
        """Give what is known of a file, None if nothing is."""
        name, _, inside = path.partition("/")
        known = self.tables[name].find(inside, file_md5) if name in self.tables else None
        if known is None or name in self.shared:
            return known
        return replace(
            known, patient=f"{name}/{known.patient}", patient_group=f"{name}/{known.patient_group}"
        )


Table = PatientTable | JoinedTable


def read_tables(patients: Path | Mapping[str, Path] | None) -> Table | None:
    """Read a patient table, or those of joined sets by the sets' names; None if there is none."""
    if patients is None or isinstance(patients, Path):
        return None if patients is None else read_patients(patients)
    tables = {name: read_patients(path) for name, path in patients.items()}
    shared = [name for name, path in patients.items() if path == FIGSHARE]
    return JoinedTable(tables, frozenset(shared))


def read_patients(path: Path) -> PatientTable:
    """Read a patient table.

    A CSV file in UTF-8 with the columns `patient` and `file_md5` or `path`, and if known
    `patient_group`, `slice_id` and `label`; others are left alone. Lines that begin with # are
    remarks.

    Raises:
        DataError: The file cannot be read as a table, lacks a column, or names a file twice,
            differently.
    """
    remedy = "give another CSV file as data.patients=PATH, or data.patients=null"
    columns, lines = read_named_table(path, "patient table", remedy, remarks=True)
    key = next((name for name in _KEYS if name in columns), None)
    if key is None or "patient" not in columns:
        raise DataError(
            f"The patient table {path} has the columns {', '.join(columns) or 'none'}: it needs "
            f"patient, and {' or '.join(_KEYS)}."
        )
    slices: dict[str, KnownSlice] = {}
    for line in lines:
        if not line[key] or not line["patient"]:
            continue  # a file of an unknown patient
        known = KnownSlice(
            patient=line["patient"],
            patient_group=line.get("patient_group") or line["patient"],
            slice_id=line.get("slice_id") or "",
            label=line.get("label") or "",
        )
        if slices.setdefault(line[key], known) != known:
            raise DataError(
                f"The patient table {path} names {line[key]} twice, with different content: keep "
                "one of the two lines."
            )
    return PatientTable(key, slices)
