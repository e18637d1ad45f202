"""The counts of the published report beside those of the data."""

from dataclasses import dataclass

from brain_tumor.settings import Settings


@dataclass(frozen=True)
class StepCount:
    """Number of scans at one step of preparing, named in words: in the report, and here."""

    step: str
    report: int
    measured: int


@dataclass(frozen=True)
class PartCounts(Settings):
    """Number of scans of one class in the training and in the test part of the report."""

    train: int
    test: int


@dataclass(frozen=True)
class FolderCounts:
    """Kept scans of a class folder, and the report's class with as many scans.

    Attributes:
        folder: The folder's class.
        kept: Kept scans.
        report_class: The report's class with as many scans; None where it has none.
        report_train: Training scans of that class in the report; None likewise.
        report_test: Test scans of that class in the report; None likewise.
        named_alike: The report's counts of the class that it names like the folder; None where it
            names none so.
    """

    folder: str
    kept: int
    report_class: str | None
    report_train: int | None
    report_test: int | None
    named_alike: PartCounts | None


@dataclass(frozen=True)
class ReportComparison:
    """The report's counts beside those of the data.

    Attributes:
        rows: Each class folder.
        steps: Each step of preparing that the report counts.
        same: Whether every count of the report is found again.
    """

    rows: tuple[FolderCounts, ...]
    steps: tuple[StepCount, ...]
    same: bool
