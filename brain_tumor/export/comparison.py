"""The checkpoint and the files made of it, side by side: as good, as large, as fast?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brain_tumor.export.agreement import Part, Predict, SideOutput, compare_sides
from brain_tumor.export.timing import TIMED, seconds_per_scan
from brain_tumor.metrics.scores import score
from brain_tumor.metrics.timing import Spread


@dataclass(frozen=True)
class Side:
    """One of them.

    Attributes:
        name: What it is.
        file: Where it lies.
        predict: Runs it.
        said: What it says of the test scans.
    """

    name: str
    file: Path
    predict: Predict
    said: SideOutput


@dataclass(frozen=True)
class SideScores:
    """How one of them does on the test scans.

    Attributes:
        name: What it is.
        file: Its file name.
        bytes: The file's size.
        balanced_accuracy: Mean recall, in [0, 1].
        same_class: Share of scans with the checkpoint's class.
        largest_difference: Of a probability from the checkpoint's; None for itself.
        out_of_distribution: Share of scans that do not look like the training scans; None where
            this cannot be told.
        seconds_per_scan: By the size of the batch, as text.
    """

    name: str
    file: str
    bytes: int
    balanced_accuracy: float | None
    same_class: float
    largest_difference: float | None
    out_of_distribution: float | None
    seconds_per_scan: Mapping[str, Spread]


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


def score_sides(
    sides: Sequence[Side], test: Part, classes: Sequence[str], rounds: int
) -> tuple[SideScores, ...]:
    """Compare sides on the test part.

    Args:
        sides: The checkpoint first, then what was made of it.
        test: The scans that they said something of.
        classes: Class names.
        rounds: Turns of each side that are timed.
    """
    (scans,) = test.spaced(TIMED).batches(TIMED)
    seconds = seconds_per_scan({side.name: side.predict for side in sides}, scans, rounds)
    checkpoint = sides[0]
    found = []
    for side in sides:
        said = side.said.probabilities
        agreement = compare_sides(said, checkpoint.said.probabilities)
        scores = score(test.labels, said.argmax(axis=1), classes)
        found.append(
            SideScores(
                name=side.name,
                file=side.file.name,
                bytes=side.file.stat().st_size,
                balanced_accuracy=scores.overall["balanced_accuracy"],
                same_class=agreement.same,
                largest_difference=None if side is checkpoint else agreement.largest,
                out_of_distribution=side.said.out_of_distribution,
                seconds_per_scan=seconds[side.name],
            )
        )
    return tuple(found)
