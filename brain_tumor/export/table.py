"""An exported network beside its checkpoint: is it as good, how large is it, how fast."""

from brain_tumor.export.comparison import ExportResult
from brain_tumor.rendering.numbers import (
    UNKNOWN,
    format_count,
    format_counted,
    format_percent,
    format_score,
)
from brain_tumor.rendering.page import DataTable


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
