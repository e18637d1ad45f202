"""What a data set has to be: a `ScanSource`, which lists scans."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brain_tumor.errors import DataError

TRAINING, VALIDATION, TESTING = PARTS = ("Training", "Validation", "Testing")
_SPELLINGS = {
    **dict.fromkeys(("training", "train"), TRAINING),
    **dict.fromkeys(("validation", "valid", "val"), VALIDATION),
    **dict.fromkeys(("testing", "test"), TESTING),
}

Pixels = npt.NDArray[np.generic]


def published_part(name: str) -> str | None:
    """Give the published part that a word names, in any case; None where it names none.

    Example:
        >>> published_part("train"), published_part("Valid"), published_part("glioma")
        ('Training', 'Validation', None)
    """
    return _SPELLINGS.get(name.strip().lower())


@dataclass(frozen=True)
class Scan:
    """One raw scan: a file, a frame of a file, or an array.

    Attributes:
        path: POSIX path relative to the source's root; of an array, a name that is no other scan's.
        label: Its class.
        part: The part it was published in: `Training`, `Validation` or `Testing`, or a word that
            `published_part` knows; empty where the set has no parts.
        patient: Whose scan it is, any text; empty if not known.
        slice_id: Which slice of that patient it shows; copies share it. Empty if not known.
        frame: Number of a frame, from 0, of a file or volume with several; None where it has none.
        patient_group: Patients that may be one person share it; empty if it is the patient. None
            where another name may be the same person's, so that scans that look related are.
        source: Which of several joined sets it is of; empty where there is one.
        file: Where it lies, if not at `path` below the source's root.
        pixels: `(H, W)` grey or `(H, W, 3)` red first, or a function that gives these when they are
            needed; uint8 as they are, of any other numbers the bulk is seen
            (`window.to_eight_bits`). None where the file at `path` is read. The function may be
            called from several threads, more than once, and raises `UnreadableScanError` or
            `UndecodableScanError` where there are none.

    Raises:
        DataError: `part` names no part.
    """

    path: str
    label: str
    part: str = ""
    patient: str = ""
    slice_id: str = ""
    frame: int | None = None
    patient_group: str | None = ""
    source: str = ""
    file: Path | None = field(default=None, repr=False, compare=False)
    pixels: Pixels | Callable[[], npt.NDArray[Any]] | None = field(
        default=None, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        part = published_part(self.part)
        if part is None and self.part:
            raise DataError(
                f"{self.path} is published in the part {self.part!r}: give train, validation or "
                "test, or nothing."
            )
        object.__setattr__(self, "part", part or "")

    @property
    def name(self) -> str:
        """The path as any text file can hold it, and the frame's number from 1 as DICOM counts.

        Bytes that are no UTF-8 are spelt out.
        """
        name = self.path.encode("utf-8", "backslashreplace").decode("utf-8")
        return name if self.frame is None else f"{name}#{self.frame + 1}"


class ScanSource(ABC):
    """Where raw scans come from. A subclass lists them, and that is all it has to do.

    Every command that looks at a whole set (`prepare`, `audit`, `train`, `evaluate`, `doctor`) asks
    a source for its scans; reading, decoding, cutting and comparing them is not its business.

    Attributes:
        root: The folder that paths of scans are relative to; messages name it.
    """

    root: Path = Path()

    @abstractmethod
    def scans(self) -> Iterable[Scan]:
        """List every scan, in an order that is the same each time.

        Of equal scans the first is kept. No two may have one name. What cannot be read is listed
        all the same: it gets its reason in the manifest.

        Raises:
            DataError: The set is not where it should be, or not as it should be.
        """

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their numbers: sorted, if not overridden."""
        return tuple(sorted({scan.label for scan in self.scans()}))
