"""The checkpoint and the files made of it, side by side: as good, as large, as fast?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brain_tumor.export.agreement import Part, Predict, SideOutput, compare_sides
from brain_tumor.export.timing import TIMED, seconds_per_scan
from brain_tumor.metrics.scores import score


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


def side_records(
    sides: Sequence[Side], test: Part, classes: Sequence[str], rounds: int
) -> list[dict[str, Any]]:
    """Compare sides on the test part.

    Args:
        sides: The checkpoint first, then what was made of it.
        test: The scans that they said something of.
        classes: Class names.
        rounds: Turns of each side that are timed.

    Returns:
        For each side `name`, `file`, `bytes`, `balanced_accuracy`, `same_class` (share of scans
        with the checkpoint's class), `largest_difference` of a probability from the checkpoint's,
        None for itself, `out_of_distribution` (share of scans that do not look like the training
        scans, None where this cannot be told), and `seconds_per_scan` by batch size.
    """
    (scans,) = test.spaced(TIMED).batches(TIMED)
    seconds = seconds_per_scan({side.name: side.predict for side in sides}, scans, rounds)
    checkpoint = sides[0]
    records = []
    for side in sides:
        said = side.said.probabilities
        agreement = compare_sides(said, checkpoint.said.probabilities)
        scores = score(test.labels, said.argmax(axis=1), classes)
        records.append(
            {
                "name": side.name,
                "file": side.file.name,
                "bytes": side.file.stat().st_size,
                "balanced_accuracy": scores.overall["balanced_accuracy"],
                "same_class": agreement.same,
                "largest_difference": None if side is checkpoint else agreement.largest,
                "out_of_distribution": side.said.out_of_distribution,
                "seconds_per_scan": seconds[side.name],
            }
        )
    return records
