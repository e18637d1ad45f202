"""What an export did, as the JSON beside the exported file holds it."""

from collections.abc import Mapping
from dataclasses import dataclass

from brain_tumor.export.comparison import SideScores


@dataclass(frozen=True)
class ExportResult:
    """The content of `<file>.json`.

    Attributes:
        run: The run's folder.
        model: Name of the network.
        checkpoint: File name of the checkpoint.
        format: `onnx` or `pt2`.
        test_scans: Test scans that the sides were tried on.
        calibration_scans: Training scans that int8 was calibrated on; None without int8.
        rounds: Timed turns of each side.
        threads: Threads of torch.
        processor: Where it was timed.
        versions: Of packages, by name; None where one is not installed.
        sides: The checkpoint first, then each file that was made of it.
    """

    run: str
    model: str
    checkpoint: str
    format: str
    test_scans: int
    calibration_scans: int | None
    rounds: int
    threads: int
    processor: str
    versions: Mapping[str, str | None]
    sides: tuple[SideScores, ...]
