"""The checkpoint and the files made of it, side by side: as good, as large, as fast?"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brain_tumor.export.agreement import Part, Predict, Scans, Side
from brain_tumor.metrics.scores import score
from brain_tumor.metrics.timing import SETTLE_SECONDS, Spread, spread, turns
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count,
    format_counted,
    format_percent,
    format_score,
)
from brain_tumor.rendering.page import DataTable

WARM_UP = 1  # rounds: kernels are chosen, memory is taken
TIMED = 32  # scans in a turn, one by one or all at once


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


def seconds_per_scan(
    sides: Mapping[str, Predict], scans: Scans, rounds: int
) -> dict[str, dict[str, Spread]]:
    """Time several sides on the same scans, in turns, one scan at a time and all at once.

    `scans` are `(N, 1, size, size)`, uint8, N at least 1; `rounds` of each side count. Gives
    seconds per scan by side and by the size of the batch, as text.
    """
    found: dict[str, dict[str, Spread]] = {name: {} for name in sides}
    for size in sorted({1, len(scans)}):
        batches = [scans[start : start + size] for start in range(0, len(scans), size)]
        costs: dict[str, list[float]] = {name: [] for name in sides}
        for name, _ in turns(sides, WARM_UP + rounds, SETTLE_SECONDS):
            started = time.perf_counter()
            for batch in batches:
                sides[name](batch)
            costs[name].append((time.perf_counter() - started) / len(scans))
        for name, own in costs.items():
            found[name][str(size)] = spread(own[WARM_UP:])
    return found


def score_sides(
    sides: Sequence[Side], test: Part, classes: Sequence[str], rounds: int
) -> tuple[SideScores, ...]:
    """Compare sides on the test part, the checkpoint first; `rounds` turns of each are timed."""
    (scans,) = test.spaced(TIMED).batches(TIMED)
    seconds = seconds_per_scan({side.name: side.predict for side in sides}, scans, rounds)
    checkpoint = sides[0]
    found = []
    for side in sides:
        called, by_checkpoint = (one.probabilities.argmax(axis=1) for one in (side, checkpoint))
        scores = score(test.labels, called, classes)
        largest = None if side is checkpoint else side.largest_difference(checkpoint)
        found.append(
            SideScores(
                name=side.name,
                file=side.file.name,
                bytes=side.file.stat().st_size,
                balanced_accuracy=scores.overall["balanced_accuracy"],
                same_class=float((called == by_checkpoint).mean()),
                largest_difference=largest,
                out_of_distribution=side.out_of_distribution,
                seconds_per_scan=seconds[side.name],
            )
        )
    return tuple(found)


def export_table(result: ExportResult) -> DataTable:
    """Lay out the sides of an export."""
    sizes = list(result.sides[0].seconds_per_scan)
    columns = ["", "balanced", "same class", "largest gap", "out of distribution", "MB"]
    columns += [f"ms x{size}" for size in sizes]
    rows = [
        [
            side.name,
            format_score(side.balanced_accuracy, decimals=4),
            format_percent(side.same_class),
            UNKNOWN if side.largest_difference is None else f"{side.largest_difference:.0e}",
            format_percent(side.out_of_distribution),
            f"{side.bytes / 1e6:,.1f}",
            *(f"{1e3 * side.seconds_per_scan[size].median:.2f}" for size in sizes),
        ]
        for side in result.sides
    ]
    note = (
        f"On {format_counted(result.test_scans, 'test scan')}: balanced accuracy, share of scans "
        "with the same class as by the checkpoint, the largest gap between two probabilities, "
        "and share of scans that do not look like the training scans. ms xN: milliseconds per "
        f"scan, N scans at once; medians of {format_counted(result.rounds, 'round')}, all sides in "
        f"turns, with {format_counted(result.threads, 'thread')} on {result.processor}. A "
        "checkpoint also holds what training needs to continue."
    )
    if result.calibration_scans:
        note += f" int8 was calibrated on {format_count(result.calibration_scans)} training scans."
    title = f"{result.model}, {result.checkpoint}, as {result.format}"
    return DataTable(title, columns, rows, note)
