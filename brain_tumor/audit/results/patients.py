"""What an audit found out about patients, and about labels that contradict their source."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ClassPatients:
    """Kept scans of one class, patient known or unknown, and the patients of the known ones."""

    known: int
    unknown: int
    patients: int


@dataclass(frozen=True)
class ContradictedLabel:
    """A raw scan whose class differs from the one that the patient table gives.

    Attributes:
        path: Its path inside the raw folder.
        label: Its class here.
        known_label: Its class in the patient table.
        slice: Identifier of the slice in that table.
    """

    path: str
    label: str
    known_label: str
    slice: str


@dataclass(frozen=True)
class Patients:
    """The raw scans whose patient is known.

    Attributes:
        source: Where patients are known from; None where the configuration does not say.
        scans: Raw scans whose patient is known.
        slices: Slices that they show.
        patients: Patients.
        groups: Patients after identifiers that may name one person were joined.
        per_class: Kept scans of each class.
        contradicted: Scans whose label contradicts the source.
    """

    source: str | None
    scans: int
    slices: int
    patients: int
    groups: int
    per_class: Mapping[str, ClassPatients]
    contradicted: tuple[ContradictedLabel, ...]
